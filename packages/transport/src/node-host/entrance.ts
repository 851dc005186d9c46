import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Level, ListenHandlers, RejectCode } from '@tanist/core'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import { refuseUpgrade } from '../gateway/index.js'
import { frameBytes, handshakeTotalBytes, strayFrameBytes, trustedFrameBytes } from '../limits.js'
import { explain, exporterLabel, shake, turnAway } from '../trust/index.js'
import type { Door, ProvenLevel, Refusal, Shown, Trust, WarnRejected } from '../trust/index.js'
import { plainHost } from './address.js'
import { SocketLink } from './link.js'
import type { LinkBook } from './link-book.js'
import { remoteOf } from './porch.js'
import type { Doorway } from './porch.js'
import { clientPath, explainPath, wireOptions } from './wire.js'

export interface EntranceContext {
  readonly trust: Trust
  readonly links: LinkBook
  readonly door: Door
  readonly porch: Doorway
  readonly warn: WarnRejected
  readonly accepts: readonly Level[]
  readonly layer: string
}

export interface Entrance {
  readonly admit: (request: IncomingMessage, socket: Socket, head: Buffer) => void
  /** Nobody comes in any more; those on the way in are sent away. */
  readonly close: () => void
}

/** What is known of one caller when it asks for a link. */
interface Caller {
  readonly host: string
  readonly remote: string
  readonly socket: Socket
  readonly shown: Shown
}

/** Who asks for a link, by which path, and whether it may: from the upgrade to the open link. */
export function entrance(context: EntranceContext, handlers: ListenHandlers): Entrance {
  const { porch, warn } = context
  const waiting = new Set<Socket>()
  const servers = {
    member: webSockets(frameBytes),
    trusted: webSockets(trustedFrameBytes),
    stray: webSockets(strayFrameBytes),
  }
  const keep = (socket: Socket): void => {
    waiting.add(socket)
    socket.once('close', () => waiting.delete(socket))
  }
  const enter = (caller: Caller): void => {
    waiting.delete(caller.socket)
    porch.left(caller.socket)
  }
  return {
    admit(request, socket, head) {
      const caller = callerOf(context, socket)
      const wish = wishOf(context, handlers, request, caller)
      if (wish.kind === 'refused') {
        warn(caller.host, wish.refusal.code, wish.refusal.text)
        refuseUpgrade(socket, 403, wish.refusal.told, wish.refusal.code)
        return
      }
      if (wish.kind === 'explain' && !porch.again(socket)) {
        refuseUpgrade(socket, 503, 'Too many callers here have not proved themselves; try again later.')
        return
      }
      keep(socket)
      const level = wish.kind === 'level' ? wish.level : 'stray'
      servers[level].handleUpgrade(request, socket, head, (ws) => {
        ws.on('error', () => undefined)
        porch.shakes(socket)
        if (wish.kind === 'explain') hearOut(context, ws, caller)
        else if (wish.level === 'stray') {
          enter(caller)
          openLink(context, handlers, ws, caller, 'stray', null)
        } else {
          shakeHands(context, ws, caller, wish.level, (keyId) => {
            enter(caller)
            openLink(context, handlers, ws, caller, wish.level, keyId)
          })
        }
      })
    },
    close() {
      for (const socket of waiting) socket.destroy()
    },
  }
}

function webSockets(maxPayload: number): WebSocketServer {
  return new WebSocketServer({ noServer: true, clientTracking: false, ...wireOptions, maxPayload })
}

function callerOf({ door }: EntranceContext, socket: Socket): Caller {
  const remote = remoteOf(socket)
  const shown: Shown = socket instanceof TLSSocket ? door.shown(socket, remote) : { kind: 'stray' }
  return { host: plainHost(socket.remoteAddress ?? ''), remote, socket, shown }
}

type Wish =
  | { readonly kind: 'level'; readonly level: Level }
  | { readonly kind: 'explain' }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

function wishOf(
  context: EntranceContext,
  handlers: ListenHandlers,
  request: IncomingMessage,
  { host, remote, socket, shown }: Caller,
): Wish {
  const secure = socket instanceof TLSSocket
  const byClientPath = request.url === clientPath
  if (isForeignPage(request, byClientPath && shown.kind === 'stray', secure)) {
    return refused('protocol', `A web page of another origin, in a browser on ${host}, asked for a link.`)
  }
  if (request.url === explainPath && !secure) return { kind: 'explain' }
  if (shown.kind === 'problem') return { kind: 'refused', refusal: shown.refusal }
  const level = shown.kind === 'key' ? shown.level : 'stray'
  const wanted = byClientPath ? 'a client' : 'a member'
  if ((level === 'member') === byClientPath || (level === 'stray' && !byClientPath)) {
    const holds = level === 'stray' ? 'no key' : `the key of level "${level}"`
    return refused('not-open', `The caller at ${remote} asked for the link of ${wanted} with ${holds}.`)
  }
  const open = level === 'member' || handlers.client !== undefined
  return open && context.accepts.includes(level)
    ? { kind: 'level', level }
    : refused('not-open', `The layer "${context.layer}" takes nobody of level "${level}".`)
}

function refused(code: RejectCode, text: string): Wish {
  return { kind: 'refused', refusal: { code, text, told: text } }
}

/**
 * Any page that a browser on this machine shows may open WebSockets here. Peers send no origin; a page may come as a
 * stray when it was served by this very port.
 */
function isForeignPage({ headers }: IncomingMessage, asStray: boolean, secure: boolean): boolean {
  const { origin, host } = headers
  if (origin === undefined) return false
  return !asStray || origin !== `${secure ? 'https' : 'http'}://${host ?? ''}`
}

function shakeHands(
  context: EntranceContext,
  ws: WebSocket,
  caller: Caller,
  level: ProvenLevel,
  proved: (keyId: string) => void,
): void {
  const { shown, remote, socket, host } = caller
  if (shown.kind !== 'key' || !(socket instanceof TLSSocket)) return
  const unlimit = limitBytes(socket)
  const { keyId, key } = shown
  const exporter = socket.exportKeyingMaterial(32, exporterLabel, Buffer.alloc(0)).toString('hex')
  const self = { side: 'listener', app: context.trust.app, level, keyId, key, exporter, remote } as const
  shake(ws, self, (end) => {
    if (end.kind === 'lost') return
    if (end.kind === 'rejected') {
      context.warn(host, end.code, end.text)
      ws.close()
      return
    }
    unlimit()
    const gone = keyGone(context.trust, keyId)
    if (gone === undefined) proved(keyId)
    else turnAway(ws, gone)
  })
}

/** Removed while its holder was proving it. */
function keyGone({ ring, certificates }: Trust, keyId: string): Refusal | undefined {
  if (certificates !== undefined || ring.get(keyId) !== undefined) return undefined
  const text = `The key ${keyId} was removed here; link again with another one.`
  return { code: 'secret', text, told: text }
}

function openLink(
  { links, layer }: EntranceContext,
  handlers: ListenHandlers,
  ws: WebSocket,
  { remote, host, socket }: Caller,
  level: Level,
  keyId: string | null,
): void {
  const link = new SocketLink(remote)
  link.carry({ ws, socket }, () => {
    if (keyId !== null) links.drop(keyId, link)
  })
  if (keyId !== null) links.add(keyId, link)
  if (level === 'member') link.attach(handlers.accept(link))
  else {
    const taken = handlers.client?.(link, { level, layer, host })
    if (taken !== undefined) link.attach(taken)
  }
}

function hearOut(context: EntranceContext, ws: WebSocket, { host, remote, socket }: Caller): void {
  limitBytes(socket)
  const { app, certificates } = context.trust
  explain(ws, { app, certificates: certificates !== undefined }, remote, ({ code, text }) => {
    context.warn(host, code, text)
  })
}

/** Cuts a caller that sends more than a handshake needs; ws's own limit has to be that of later frames. */
function limitBytes(socket: Socket): () => void {
  const before = socket.bytesRead
  const check = (): void => {
    if (socket.bytesRead - before > handshakeTotalBytes) socket.destroy()
  }
  socket.on('data', check)
  return () => socket.off('data', check)
}
