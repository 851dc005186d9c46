import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { Address, DatagramHandlers, DatagramOptions, Datagrams, DatagramSocket, Log } from '@tanist/core'
import { datagramBytes } from '../limits.js'
import { formatAddress, parseAddress } from './address.js'
import { interfacesOf } from './interfaces.js'
import { badAddress, bindFailure, lostFailure } from './listen-failure.js'

/** UDP. Whatever cannot be sent or is too long is dropped with a log line: datagrams are only hints. */
export function nodeDatagrams(log: Log): Datagrams {
  return {
    interfaces: () => interfacesOf(networkInterfaces()),
    bind(address, handlers, options = {}) {
      const endpoint = parseAddress(address)
      if (endpoint !== undefined) return new NodeSocket(log, endpoint.host, endpoint.port, handlers, options)
      setImmediate(() => handlers.failed(badAddress(address)))
      return { send: () => undefined, close: () => undefined }
    },
  }
}

class NodeSocket implements DatagramSocket {
  readonly #log: Log
  readonly #handlers: DatagramHandlers
  readonly #socket: Socket
  #state: 'binding' | 'bound' | 'closed' = 'binding'
  /** Given to the system and not yet gone: it closes after them. */
  #sending = 0

  constructor(log: Log, host: string, port: number, handlers: DatagramHandlers, options: DatagramOptions) {
    const { shared = false, groups = [] } = options
    this.#log = log
    this.#handlers = handlers
    const type = isIPv6(host) ? 'udp6' : 'udp4'
    // Two sockets share the number, one for each family: this one must not take the other's.
    this.#socket = createSocket({ type, reuseAddr: shared, ipv6Only: shared && type === 'udp6' })
    this.#socket.on('listening', () => {
      if (this.#state === 'closed') return
      this.#state = 'bound'
      this.#socket.setBroadcast(true)
      for (const { group, on } of groups) this.#join(group, on)
      const bound = this.#socket.address()
      handlers.listening(formatAddress(bound.address, bound.port))
    })
    this.#socket.on('message', (bytes, from) => {
      if (this.#state !== 'bound' || bytes.length > datagramBytes) return
      handlers.message(bytes, formatAddress(from.address, from.port))
    })
    this.#socket.on('error', (error) => {
      if (this.#state === 'closed') return
      const failure =
        this.#state === 'binding' ? bindFailure(host, port, error) : lostFailure(host, port, error)
      this.close()
      handlers.failed(failure)
    })
    this.#socket.bind({ port, address: host, exclusive: true })
  }

  send(bytes: Uint8Array, to: Address): void {
    if (this.#state === 'closed') return
    const target = parseAddress(to)
    if (target === undefined || target.port === 0) this.#dropped(`"${to}" is no address to send to.`, to)
    else if (bytes.length > datagramBytes) {
      const text = `A datagram of ${bytes.length} bytes was dropped; ${datagramBytes} are the limit.`
      this.#log.write('warn', 'datagram-too-long', text, { to })
    } else {
      this.#sending++
      this.#socket.send(bytes, target.port, target.host, (error) => this.#sent(to, error))
    }
  }

  close(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    if (this.#sending === 0) this.#socket.close()
  }

  #sent(to: Address, error: NodeJS.ErrnoException | null): void {
    this.#sending--
    if (this.#state === 'closed') {
      if (this.#sending === 0) this.#socket.close()
      return
    }
    if (!error) return
    this.#dropped(`A datagram could not be sent: ${error.message}.`, to)
    this.#handlers.unsent?.(to, error.code ?? 'unknown')
  }

  #dropped(why: string, to: Address): void {
    this.#log.write('debug', 'datagram-dropped', why, { to })
  }

  #join(group: string, on: string): void {
    try {
      this.#socket.addMembership(group, isIPv6(group) ? `::%${on}` : on)
    } catch (error) {
      // The interface has just gone; whoever watches the interfaces binds anew.
      const why = error instanceof Error ? error.message : String(error)
      this.#log.write('debug', 'group-not-joined', `The group ${group} could not be joined: ${why}.`, { on })
    }
  }
}
