import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Porch } from '../gateway/index.js'
import {
  closeLimitMs,
  doorstepLimitMs,
  headersLimitMs,
  proofLimitMs,
  silentCallers,
  silentCallersOnLoopback,
  silentCallersPerAddress,
  stepLimitMs,
  turnedAwayAtOnce,
  turnedAwayMs,
} from '../limits.js'
import { doorstep } from '../trust/index.js'
import type { Doorstep, WarnRejected } from '../trust/index.js'
import { formatAddress, plainHost } from './address.js'

/**
 * Where callers wait until they have proved themselves: so many places, so much time for each step. Who has not said a byte
 * yet costs next to nothing, and waits apart.
 */
export interface Doorway extends Porch {
  /** A place for one who has left it as a caller by HTTP and asks for a link after all. */
  again(socket: Socket): boolean
  /** Its handshake begins, which has a deadline and a sentence of its own. */
  shakes(socket: Socket): void
  /** It has proved itself. */
  left(socket: Socket): void
  /** All that still wait are cut. */
  close(): void
}

interface Guest {
  readonly socket: Socket
  readonly untilMs: number
  readonly leave: () => void
  timer: NodeJS.Timeout
}

export function doorway(warn: WarnRejected): Doorway {
  const places = doorstep()
  const silent = doorstep(silentCallers, silentCallersPerAddress, silentCallersOnLoopback)
  /** By the address of the other side: a TLS socket and the one below it have it in common. */
  const guests = new Map<string, Guest>()
  let told = 0

  const take = (socket: Socket, room: Doorstep, stepMs: number): boolean => {
    const host = plainHost(socket.remoteAddress ?? '')
    const leave = room.enter(host)
    if (leave === undefined) {
      const what = room === silent ? 'say nothing' : 'have not proved themselves'
      warn(host, 'limit', `Too many callers that ${what}, among them ${host}.`)
      return false
    }
    const key = remoteOf(socket)
    const untilMs = performance.now() + doorstepLimitMs
    const guest = { socket, untilMs, leave, timer: cutAfter(socket, stepMs) }
    guests.set(key, guest)
    socket.once('close', () => drop(key, guest))
    return true
  }
  const drop = (key: string, guest = guests.get(key)): void => {
    if (guest === undefined) return
    clearTimeout(guest.timer)
    guest.leave()
    if (guests.get(key) === guest) guests.delete(key)
  }
  const next = (key: string, stepMs: number = stepLimitMs): void => {
    const guest = guests.get(key)
    if (guest === undefined) return
    clearTimeout(guest.timer)
    guest.timer = cutAfter(guest.socket, Math.min(stepMs, guest.untilMs - performance.now()))
  }
  const turnAway = (socket: Socket): void => {
    if (told >= turnedAwayAtOnce) {
      socket.destroy()
      return
    }
    told += 1
    socket.once('close', () => (told -= 1))
    setTimeout(() => socket.destroy(), turnedAwayMs)
    // Read what comes: a socket that is closed with something unread takes back what was written.
    socket.resume()
    socket.end(full)
  }
  return {
    arrive(socket) {
      if (take(socket, silent, headersLimitMs)) return true
      turnAway(socket)
      return false
    },
    again: (socket) => take(socket, places, stepLimitMs),
    begins(socket, how) {
      drop(remoteOf(socket))
      if (how === 'plain' || take(socket, places, stepLimitMs)) return true
      turnAway(socket)
      return false
    },
    secured: (socket: TLSSocket) => next(remoteOf(socket)),
    shakes: (socket) => next(remoteOf(socket), proofLimitMs + closeLimitMs),
    left: (socket) => drop(remoteOf(socket)),
    close() {
      for (const { socket } of guests.values()) socket.destroy()
    },
  }
}

/** In the clear, whatever was to come: TLS could say no more than that it failed. */
const full = ((): string => {
  const text = 'Too many callers here have not proved themselves; try again later.'
  const body = JSON.stringify({ error: text })
  return (
    'HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Type: application/json\r\n' +
    `Content-Length: ${body.length}\r\n\r\n${body}`
  )
})()

function cutAfter(socket: Socket, ms: number): NodeJS.Timeout {
  return setTimeout(() => socket.destroy(), Math.max(0, ms))
}

/** Of the other side. */
export function remoteOf(socket: Socket): string {
  return formatAddress(plainHost(socket.remoteAddress ?? ''), socket.remotePort ?? 0)
}
