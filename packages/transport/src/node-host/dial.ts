import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { Address, DialOptions, Link, LinkEnd, LinkHandlers } from '@tanist/core'
import { WebSocket } from 'ws'
import {
  connectLimitMs,
  dialLimitMs,
  frameBytes,
  knockMs,
  strayFrameBytes,
  trustedFrameBytes,
} from '../limits.js'
import { callBy, exporterLabel, shake, turnAway } from '../trust/index.js'
import type { Call, Trust } from '../trust/index.js'
import { formatAddress, parseAddress } from './address.js'
import type { Endpoint } from './address.js'
import { askWhy } from './ask-why.js'
import { endFromError, endFromRefusal, isOfTls } from './dial-ends.js'
import { SocketLink } from './link.js'
import type { LinkBook } from './link-book.js'
import { clientPath, linkPath, wireOptions } from './wire.js'

export interface DialContext {
  readonly trust: Trust
  readonly links: LinkBook
}

const sendMost = { member: frameBytes, trusted: trustedFrameBytes, stray: strayFrameBytes } as const

/** Connects within `connectLimitMs`, upgrades and proves, all within `dialLimitMs`; then the link is open. */
export function dial(
  { trust, links }: DialContext,
  address: Address,
  handlers: LinkHandlers,
  { as = 'member', doubted = false }: DialOptions = {},
): Link {
  const link = new SocketLink(address, sendMost[as])
  const endpoint = parseAddress(address)
  if (endpoint === undefined || endpoint.port === 0) {
    link.attach(handlers)
    setImmediate(() => link.finish({ kind: 'unreachable' }))
    return link
  }
  const socket = notToItself(connect({ ...endpoint, noDelay: true }))
  let settled = false
  let cut = (): void => void socket.destroy()
  const settle = (end: LinkEnd | undefined, leave: () => void): void => {
    if (settled) return
    settled = true
    clearTimeout(limit)
    clearTimeout(connectLimit)
    leave()
    if (end !== undefined) link.finish(end)
  }
  const limit = setTimeout(() => settle({ kind: 'timeout' }, cut), dialLimitMs)
  // Judged after a look at the network: when this process stood still, the connection may long be there.
  const unconnected = (): void => void (socket.connecting && settle({ kind: 'timeout' }, cut))
  const connectLimit = setTimeout(() => setImmediate(unconnected), connectLimitMs)
  link.attach(handlers, () => {
    settle(undefined, cut)
    setImmediate(() => link.finish({ kind: 'local' }))
  })
  const upgrade = (): void => {
    const call = as === 'stray' ? undefined : callBy(trust, as, endpoint, socket, address)
    const secure = call?.socket ?? socket
    const ws = openSocket(endpoint, as === 'member' ? linkPath : clientPath, secure)
    cut = () => ws.terminate()
    const opened = (): void =>
      settle(undefined, () => {
        const keyId = call?.card.keyId
        link.carry({ ws, socket: secure }, () => keyId !== undefined && links.drop(keyId, link))
        if (keyId !== undefined) links.add(keyId, link)
        handlers.opened()
      })
    ws.on('error', (error) => {
      if (settled || call === undefined || !isOfTls(error)) {
        settle(endFromError(error, address), cut)
        return
      }
      // TLS says no more than that it failed.
      cut()
      cut = askWhy(endpoint, call.card, address, error, (end) => settle(end, () => undefined))
    })
    ws.on('unexpected-response', (_request, response) => settle(endFromRefusal(response, address), cut))
    ws.on('open', () => {
      if (call === undefined) opened()
      else prove(call, ws, trust, address, settle, opened)
    })
  }
  // A refusal ends a wait: nothing is prepared before somebody has answered.
  const failed = (error: Error): void => settle(endFromError(error, address), cut)
  const closed = (): void => settle({ kind: 'reset' }, cut)
  socket.once('error', failed).once('close', closed)
  const proceed = (): void => {
    socket.off('error', failed).off('close', closed)
    socket.on('error', () => undefined)
    if (!settled) upgrade()
  }
  // The listener of a dead process takes connections until its system has closed it, and resets them then.
  socket.once('connect', () => (doubted ? setTimeout(proceed, knockMs) : proceed()))
  return link
}

function openSocket(endpoint: Endpoint, path: string, socket: Socket): WebSocket {
  return new WebSocket(`ws://${formatAddress(endpoint.host, endpoint.port)}${path}`, {
    ...wireOptions,
    createConnection: () => socket,
  })
}

function prove(
  { socket, card, key, problem }: Call,
  ws: WebSocket,
  { ring, certificates }: Trust,
  address: Address,
  settle: (end: LinkEnd | undefined, leave: () => void) => void,
  opened: () => void,
): void {
  const wrong = problem()
  if (wrong !== undefined) {
    settle({ kind: 'rejected', code: wrong.code, text: wrong.text }, () => turnAway(ws, wrong))
    return
  }
  const exporter = socket.exportKeyingMaterial(32, exporterLabel, Buffer.alloc(0)).toString('hex')
  shake(ws, { ...card, key, exporter, side: 'dialler', remote: address }, (end) => {
    if (end.kind === 'lost') settle({ kind: 'reset' }, () => ws.terminate())
    else if (end.kind === 'rejected') settle(end, () => ws.close())
    // Removed while it was proved.
    else if (certificates === undefined && ring.get(card.keyId) === undefined) {
      settle({ kind: 'reset' }, () => ws.terminate())
    } else opened()
  })
}

/** A free port of the ephemeral range can connect to itself: nobody listens there. */
function notToItself<S extends Socket>(socket: S): S {
  socket.once('connect', () => {
    const { localPort, localAddress, remotePort, remoteAddress } = socket
    if (localPort !== remotePort || localAddress !== remoteAddress) return
    socket.destroy(Object.assign(new Error('connected to itself'), { code: 'ECONNREFUSED' }))
  })
  return socket
}
