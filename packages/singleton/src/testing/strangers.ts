import type { Host, Link } from '@tanist/core'
import { encodeWire } from '../peer/index.js'
import type { WireMessage } from '../peer/index.js'
import type { StrangerAct } from './history/index.js'
import { STRANGE_TERM } from './laws/index.js'

/** A stranger presses one of the peers this often. */
const EVERY_MS = 400

interface Forgery {
  readonly what: string
  readonly words: readonly WireMessage[] | Uint8Array
}

const hello: WireMessage = {
  channel: 'm',
  body: {
    t: 'hello',
    hello: {
      protocol: 999,
      memberId: 'stranger',
      incarnation: 1,
      name: 'stranger',
      address: 'stranger1:1',
      clusterId: null,
      mode: 'consistent',
      known: [],
    },
  },
}
const vote: WireMessage = {
  channel: 's',
  entries: [],
  body: {
    t: 'vote',
    branch: null,
    term: STRANGE_TERM,
    pre: false,
    lastIndex: STRANGE_TERM,
    lastTerm: STRANGE_TERM,
    transfer: true,
    dead: null,
  },
}
const stand: WireMessage = {
  channel: 's',
  entries: [],
  body: { t: 'stand', branch: null, term: STRANGE_TERM },
}
const admit: WireMessage = {
  channel: 's',
  entries: [],
  body: {
    t: 'admit',
    branch: null,
    term: STRANGE_TERM,
    member: { memberId: 'stranger', incarnation: 1, name: 'stranger', address: 'stranger1:1' },
  },
}

/** Words that only a member may say, and bytes that are no words at all. */
function forgeries(host: Host): Forgery[] {
  return [
    { what: 'garbage', words: Uint8Array.from({ length: 64 }, () => Math.floor(host.random.next() * 256)) },
    { what: 'a vote without a hello', words: [vote] },
    { what: 'orders without a hello', words: [stand, admit] },
    { what: 'a hello of another protocol, and a vote', words: [hello, vote, admit] },
  ]
}

/**
 * A machine that is no peer: it dials our peers, one after another, and says what only members may say. In the
 * simulated world links carry no proof of a secret; that part of S11 is the transport's, and is tested there.
 */
export function startStranger(
  host: Host,
  peers: readonly string[],
  tell: (act: Omit<StrangerAct, 'node'>) => void,
): void {
  let turn = 0
  const press = (): void => {
    const to = peers[turn++ % peers.length] ?? ''
    for (const forgery of forgeries(host)) send(host, to, forgery, tell)
    host.timers.set(EVERY_MS, press)
  }
  press()
}

function send(
  host: Host,
  to: string,
  { what, words }: Forgery,
  tell: (act: Omit<StrangerAct, 'node'>) => void,
): void {
  let said = false
  const link: Link = host.network.dial(to, {
    opened: () => {
      said = true
      const frames = words instanceof Uint8Array ? [words] : encodeWire(words, () => {})
      for (const frame of frames) link.send(frame)
      host.timers.set(EVERY_MS / 2, () => link.close())
    },
    frame: () => {},
    closed: ({ kind }) => tell({ to, what, said, end: kind }),
  })
}
