import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { Address, Link, LinkEnd, LinkHandlers } from '@tanist/core'
import { WebSocket } from 'ws'
import { dialLimitMs } from '../limits.js'
import { shake } from '../trust/index.js'
import type { Identity } from '../trust/index.js'
import { formatAddress, parseAddress } from './address.js'
import type { Endpoint } from './address.js'
import { SocketLink } from './link.js'
import { linkPath, wireOptions } from './wire.js'

/** Connects, upgrades and proves, all within `dialLimitMs`; then the link is open. */
export function dial(identity: Identity, address: Address, handlers: LinkHandlers): Link {
  const link = new SocketLink(address)
  const endpoint = parseAddress(address)
  if (endpoint === undefined || endpoint.port === 0) {
    link.attach(handlers)
    setImmediate(() => link.finish({ kind: 'unreachable' }))
    return link
  }
  const socket = connectTo(endpoint)
  const ws = new WebSocket(`ws://${formatAddress(endpoint.host, endpoint.port)}${linkPath}`, {
    ...wireOptions,
    createConnection: () => socket,
  })
  let settled = false
  const settle = (end: LinkEnd | undefined, leave: () => void): void => {
    if (settled) return
    settled = true
    clearTimeout(limit)
    leave()
    if (end !== undefined) link.finish(end)
  }
  const cut = (): void => ws.terminate()
  const limit = setTimeout(() => settle({ kind: 'timeout' }, cut), dialLimitMs)
  link.attach(handlers, () => {
    settle(undefined, cut)
    setImmediate(() => link.finish({ kind: 'local' }))
  })
  ws.on('error', (error) => settle(endFromError(error, address), cut))
  ws.on('unexpected-response', (_request, response) =>
    settle(endFromStatus(response.statusCode ?? 0, address), cut),
  )
  ws.on('open', () => {
    shake(ws, 'dialler', identity, address, (end) => {
      if (end.kind === 'lost') settle({ kind: 'reset' }, cut)
      else if (end.kind === 'rejected') settle(end, () => ws.close())
      else {
        settle(undefined, () => {
          link.carry({ ws, socket })
          handlers.opened()
        })
      }
    })
  })
  return link
}

function connectTo(endpoint: Endpoint): Socket {
  const socket = connect({ ...endpoint, noDelay: true })
  socket.once('connect', () => {
    // A free port of the ephemeral range can connect to itself: nobody listens there.
    const { localPort, localAddress, remotePort, remoteAddress } = socket
    if (localPort !== remotePort || localAddress !== remoteAddress) return
    socket.destroy(Object.assign(new Error('connected to itself'), { code: 'ECONNREFUSED' }))
  })
  return socket
}

const ends: Readonly<Record<string, LinkEnd>> = {
  ECONNREFUSED: { kind: 'refused' },
  ECONNRESET: { kind: 'reset' },
  EPIPE: { kind: 'reset' },
  ETIMEDOUT: { kind: 'timeout' },
}

function endFromError(error: NodeJS.ErrnoException, address: Address): LinkEnd {
  const known = ends[error.code ?? '']
  if (known !== undefined) return known
  // Other codes of the system, and of a name that is not found, come from this side of the wire.
  return error.syscall === undefined ? noPeer(address, error.message) : { kind: 'unreachable' }
}

function endFromStatus(status: number, address: Address): LinkEnd {
  if (status !== 503) return noPeer(address, `it answered with HTTP status ${status}`)
  const text = `The peer at ${address} has too many callers that have not proved themselves; try again later.`
  return { kind: 'rejected', code: 'limit', text }
}

function noPeer(address: Address, what: string): LinkEnd {
  const text = `What listens at ${address} is no Tanist peer: ${what}.`
  return { kind: 'rejected', code: 'protocol', text }
}
