import { createSocket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { Datagrams, Log } from '@tanist/core'
import { datagramBytes } from '../limits.js'
import { formatAddress, parseAddress } from './address.js'
import { badAddress, bindFailure, lostFailure } from './listen-failure.js'

/** UDP. Whatever cannot be sent or is too long is dropped with a log line: datagrams are only hints. */
export function nodeDatagrams(log: Log): Datagrams {
  return {
    bind(address, handlers) {
      const endpoint = parseAddress(address)
      if (endpoint === undefined) {
        setImmediate(() => handlers.failed(badAddress(address)))
        return { send: () => undefined, close: () => undefined }
      }
      const { host, port } = endpoint
      const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
      let state: 'binding' | 'bound' | 'closed' = 'binding'
      const close = (): void => {
        if (state === 'closed') return
        state = 'closed'
        socket.close()
      }
      socket.on('listening', () => {
        if (state === 'closed') return
        state = 'bound'
        socket.setBroadcast(true)
        handlers.listening(formatAddress(socket.address().address, socket.address().port))
      })
      socket.on('message', (bytes, from) => {
        if (state !== 'bound' || bytes.length > datagramBytes) return
        handlers.message(bytes, formatAddress(from.address, from.port))
      })
      socket.on('error', (error) => {
        if (state === 'closed') return
        const failure = state === 'binding' ? bindFailure(host, port, error) : lostFailure(host, port, error)
        close()
        handlers.failed(failure)
      })
      socket.bind(port, host)
      return {
        send(bytes, to) {
          const target = parseAddress(to)
          if (state === 'closed') return
          const dropped = (why: string): void => log.write('debug', 'datagram-dropped', why, { to })
          if (target === undefined || target.port === 0) dropped(`"${to}" is no address to send to.`)
          else if (bytes.length > datagramBytes) {
            const text = `A datagram of ${bytes.length} bytes was dropped; ${datagramBytes} are the limit.`
            log.write('warn', 'datagram-too-long', text, { to })
          } else {
            socket.send(bytes, target.port, target.host, (error) => {
              if (error) dropped(`A datagram could not be sent: ${error.message}.`)
            })
          }
        },
        close,
      }
    },
  }
}
