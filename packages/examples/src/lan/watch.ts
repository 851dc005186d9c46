import type { Case } from './cases.js'
import { nameOf } from './office.js'
import type { Office, Said } from './office.js'
import type { Row } from './messages.js'

export interface Outcome {
  readonly name: string
  readonly host: string
  /** Who missed somebody first, how, and when. */
  readonly suspected: string
  readonly removed: string
  readonly serves: string
  /** The longest time without any acknowledged command. */
  readonly gapMs: number
  readonly acknowledged: number
  readonly lost: number
  readonly wrong: readonly string[]
}

/** What the office showed while one case ran. */
export interface Shown {
  readonly one: Case
  readonly host: number
  readonly fromMs: number
  readonly said: readonly Said[]
  /** The rows before and after. */
  readonly before: readonly Row[]
  readonly after: readonly Row[]
  readonly server: readonly [before: number, after: number]
  readonly lost: readonly string[]
}

export function judge(shown: Shown): Outcome {
  const { one, host, fromMs, said, lost, server } = shown
  const name = nameOf(host)
  const wrong: string[] = [...twice(said)]
  const acks = said.flatMap(({ message }) => (message.kind === 'acknowledged' ? [message.atMs] : []))
  const removal = removedAt(said, name)
  if (one.removed && removal === null) wrong.push(`${name} was not removed`)
  if (!one.removed && removal !== null) wrong.push(`${name} was removed after ${removal.atMs - fromMs} ms`)
  if (removal && one.withinMs !== undefined && removal.atMs - fromMs > one.withinMs)
    wrong.push(`${name} was removed after more than ${one.withinMs} ms`)
  const gone = othersRemoved(shown)
  if (one.name !== 'split and heal' && gone.length > 0)
    wrong.push(`${gone.join(', ')} removed without a reason`)
  if (one.keepsPlace === true && !samePlace(shown, name)) wrong.push(`${name} lost its place`)
  if (lost.length > 0) wrong.push(`${lost.length} acknowledged commands lost, such as ${lost[0]}`)
  for (const { by, message } of said) {
    if (message.kind === 'failed') wrong.push(`${nameOf(by)} ended: ${message.text}`)
    if (message.kind === 'note' && message.event === 'peer-refused')
      wrong.push(`${nameOf(by)}: ${message.text}`)
  }
  return {
    name: one.name,
    host: name,
    suspected: firstDoubt(shown),
    removed: removal ? `${name} by ${nameOf(removal.by)}, ${removal.atMs - fromMs} ms` : 'nobody',
    serves: server[0] === server[1] ? nameOf(server[0]) : `${nameOf(server[0])} > ${nameOf(server[1])}`,
    gapMs: longestGap([fromMs, ...acks.filter((atMs) => atMs >= fromMs)]),
    acknowledged: acks.length,
    lost: lost.length,
    wrong: [...new Set(wrong)],
  }
}

/** The first view of somebody else that does not list it, or lists its next start. */
function removedAt(said: readonly Said[], name: string): { by: number; atMs: number } | null {
  let incarnation: number | null = null
  for (const { by, message } of said) {
    if (message.kind !== 'view' || nameOf(by) === name) continue
    const row = message.members.find((member) => member.name === name)
    incarnation ??= row?.incarnation ?? null
    if (row === undefined || (incarnation !== null && row.incarnation > incarnation))
      return { by, atMs: message.atMs }
  }
  return null
}

/** Whose seniority is another one afterwards. */
function othersRemoved({ before, after, host }: Shown): string[] {
  return after
    .filter((row) => row.name !== nameOf(host))
    .filter((row) => before.find(({ name }) => name === row.name)?.seniority !== row.seniority)
    .map(({ name }) => name)
}

function samePlace({ before, after }: Shown, name: string): boolean {
  const place = (rows: readonly Row[]): string => {
    const row = rows.find((one) => one.name === name)
    return `${row?.seniority} ${row?.incarnation}`
  }
  return place(before) === place(after)
}

/** One process is one member, whatever happens. */
function* twice(said: readonly Said[]): Iterable<string> {
  for (const { by, message } of said) {
    if (message.kind !== 'view') continue
    const names = message.members.map((row) => row.name)
    const double = names.find((name, i) => names.indexOf(name) !== i)
    if (double !== undefined) yield `${nameOf(by)} saw ${double} twice`
  }
}

function firstDoubt({ said, fromMs, before }: Shown): string {
  for (const { by, message } of said) {
    if (message.kind === 'evidence' && message.atMs >= fromMs)
      return `${nameOf(by)} misses ${before.find(({ id }) => id === message.memberId)?.name ?? '?'}: ${message.class}, ${message.atMs - fromMs} ms`
  }
  return 'nobody'
}

function longestGap(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b)
  return sorted.reduce((most, atMs, i) => Math.max(most, atMs - (sorted[i - 1] ?? atMs)), 0)
}

/** Acknowledged by anybody, and missing in a replica that has come together with the others. */
export async function lostIn(office: Office): Promise<string[]> {
  const acknowledged = office.said.flatMap(({ message }) =>
    message.kind === 'acknowledged' ? [message.id] : [],
  )
  const lost = new Set<string>()
  for (const held of (await office.held()).values())
    for (const id of acknowledged) if (!held.has(id)) lost.add(id)
  return [...lost]
}
