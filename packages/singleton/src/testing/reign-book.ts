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

type Open = { -readonly [K in keyof ReignRecord]: ReignRecord[K] }

/** How long an old server may go on beside a new one: the time that `onYield` has. */
const OVERLAP_MS = 2_000

/** Begin and end of every `onServe` and `onYield` of the roles that were recorded, for one run. */
export class ReignBook {
  readonly #records: ReignRecord[] = []

  get records(): readonly ReignRecord[] {
    return this.#records
  }

  record(role: AnyRole, env: PeerEnv): AnyRole {
    const open = new Map<string, Open>()
    const { node, life, nowMs } = env
    const recordOf = ({ token: { term, index } }: Reign<never>): Open => {
      const key = `${term}.${index}`
      const known = open.get(key)
      if (known !== undefined) return known
      const place = { role: role.name, node, life, term, index, serveMs: nowMs() }
      const record: Open = { ...place, servedMs: null, yieldMs: null, yieldedMs: null }
      open.set(key, record)
      this.#records.push(record)
      return record
    }
    const onServe = async (reign: Reign<never>): Promise<void> => {
      const record = recordOf(reign)
      await role.onServe?.(reign)
      record.servedMs = nowMs()
    }
    const onYield = async (reign: Reign<never>): Promise<void> => {
      const record = recordOf(reign)
      record.yieldMs = nowMs()
      await role.onYield?.(reign)
      record.yieldedMs = nowMs()
    }
    return { ...role, onServe, onYield }
  }

  /**
   * What must hold of reigns: tokens grow, every reign ends with `onYield` unless its process ended, and a new
   * one begins at most `overlapMs` (default 2,000) before the one before has ended.
   */
  laws(options: { readonly overlapMs?: number } = {}): Law[] {
    const { overlapMs = OVERLAP_MS } = options
    const exercised = (): number => successions(this.#records).length
    return [
      law('reigns: tokens', 'A later reign has a greater fencing token.', () => tokensGrow(this.#records), {
        exercised,
      }),
      law(
        'reigns: yield',
        'A reign that is over has come to the end of onYield.',
        (history) => yieldsHappen(this.#records, history, overlapMs),
        { exercised },
      ),
    ]
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
      return a.yieldedMs - b.serveMs > overlapMs && !wasHeldUp(a, b, history)
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

function wasHeldUp(a: ReignRecord, b: ReignRecord, { fired }: History): boolean {
  return fired.some(({ atMs, fault, hit }) => {
    if (!holdUps.includes(fault.do) || !hit.includes(a.node)) return false
    const endMs = 'for' in fault && fault.for !== undefined ? atMs + fault.for : Infinity
    return atMs <= (a.yieldedMs ?? Infinity) && endMs >= b.serveMs
  })
}
