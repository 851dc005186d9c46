import type { Host } from '@tanist/core'
import type { AnyRole, Reign } from '../role/index.js'
import type { PeerEnv } from './env.js'
import type { History } from './history/index.js'
import { law } from './laws/index.js'
import type { Contradiction, Law, LawEvent } from './laws/index.js'

/** What one `onServe` and its `onYield` did. Times are true virtual milliseconds; null: it has not happened. */
export interface ReignRecord {
  readonly role: string
  readonly node: string
  readonly life: number
  readonly term: number
  readonly index: number
  readonly serveMs: number
  readonly servedMs: number | null
  readonly yieldMs: number | null
  readonly yieldedMs: number | null
}

interface Times {
  serve: { ms: number }
  served: { ms: number } | null
  yield: { ms: number } | null
  yielded: { ms: number } | null
}

/** How long an old server may go on beside a new one: the time that `onYield` has. */
const OVERLAP_MS = 2_000

/** Begin and end of every `onServe` and `onYield` of the roles that were recorded, for one run. */
export class ReignBook {
  readonly #records: ReignRecord[] = []
  readonly #now: (host: Host) => { ms: number }

  constructor(now: (host: Host) => { ms: number }) {
    this.#now = now
  }

  get records(): readonly ReignRecord[] {
    return this.#records
  }

  record(role: AnyRole, env: PeerEnv): AnyRole {
    const open = new Map<string, Times>()
    const timesOf = ({ token }: Reign<never>): Times => {
      const key = `${token.term}.${token.index}`
      const known = open.get(key)
      if (known !== undefined) return known
      const times: Times = { serve: this.#now(env.host), served: null, yield: null, yielded: null }
      open.set(key, times)
      this.#records.push(recordOf(role.name, env, token, times))
      return times
    }
    const onServe = async (reign: Reign<never>): Promise<void> => {
      const times = timesOf(reign)
      await role.onServe?.(reign)
      times.served = this.#now(env.host)
    }
    const onYield = async (reign: Reign<never>): Promise<void> => {
      const times = timesOf(reign)
      times.yield = this.#now(env.host)
      await role.onYield?.(reign)
      times.yielded = this.#now(env.host)
    }
    return { ...role, onServe, onYield }
  }

  /**
   * What must hold of reigns: tokens grow, every reign ends with `onYield` unless its process ended, and a new
   * one begins at most `overlapMs` (default 2,000) before the one before has ended.
   */
  laws(options: { readonly overlapMs?: number } = {}): Law[] {
    const { overlapMs = OVERLAP_MS } = options
    return [
      law('reigns: tokens', 'A later reign has a greater fencing token.', () => tokensGrow(this.#records)),
      law('reigns: yield', 'A reign that is over has come to the end of onYield.', (history) =>
        yieldsHappen(this.#records, history, overlapMs),
      ),
    ]
  }
}

function recordOf(
  role: string,
  env: PeerEnv,
  token: { term: number; index: number },
  times: Times,
): ReignRecord {
  const { node, life } = env
  return {
    role,
    node,
    life,
    ...token,
    get serveMs() {
      return times.serve.ms
    },
    get servedMs() {
      return times.served?.ms ?? null
    },
    get yieldMs() {
      return times.yield?.ms ?? null
    },
    get yieldedMs() {
      return times.yielded?.ms ?? null
    },
  }
}

const named = ({ role, node, term, index }: ReignRecord): string =>
  `the reign of ${node} over '${role}' (token ${term}.${index})`

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(3)} s`

const begins = (reign: ReignRecord): LawEvent => ({
  atMs: reign.serveMs,
  node: reign.node,
  text: `onServe of ${named(reign)}`,
})

function successions(records: readonly ReignRecord[]): (readonly [ReignRecord, ReignRecord])[] {
  const roles = [...new Set(records.map(({ role }) => role))]
  return roles.flatMap((role) => {
    const inTime = records.filter((one) => one.role === role).toSorted((a, b) => a.serveMs - b.serveMs)
    return inTime.slice(1).map((reign, i) => [inTime[i] ?? reign, reign] as const)
  })
}

function tokensGrow(records: readonly ReignRecord[]): Contradiction[] {
  return successions(records)
    .filter(([a, b]) => b.term < a.term || (b.term === a.term && b.index <= a.index))
    .map(([a, b]) => ({
      law: 'reigns: tokens',
      text: `${named(b)} began after ${named(a)}, with a token that is not greater`,
      events: [begins(a), begins(b)],
    }))
}

function yieldsHappen(records: readonly ReignRecord[], history: History, overlapMs: number): Contradiction[] {
  return successions(records)
    .filter(([a, b]) => {
      if (!lives(a, history)) return false
      if (a.yieldedMs === null) return history.endMs - b.serveMs > overlapMs
      return a.yieldedMs - b.serveMs > overlapMs && !wasHeldUp(a, history)
    })
    .map(([a, b]) => ({
      law: 'reigns: yield',
      text: `${named(a)} ${a.yieldedMs === null ? 'never ended' : `ended at ${seconds(a.yieldedMs)}`}, and ${named(b)} had begun at ${seconds(b.serveMs)}`,
      events: [begins(a), begins(b)],
    }))
}

/** Its process has neither crashed nor ended since. */
function lives({ node, life }: ReignRecord, { starts, endings }: History): boolean {
  const last = Math.max(0, ...starts.filter((one) => one.node === node).map((one) => one.life))
  return last === life && !endings.some((one) => one.node === node && one.life === life)
}

/** A machine that stands still, or lives in another time, cannot yield in time. */
const holdUps: readonly string[] = ['pause', 'sleep', 'stall', 'drift']

const wasHeldUp = ({ node, yieldedMs }: ReignRecord, { fired }: History): boolean =>
  fired.some(
    ({ atMs, fault, hit }) => holdUps.includes(fault.do) && hit.includes(node) && atMs <= (yieldedMs ?? 0),
  )
