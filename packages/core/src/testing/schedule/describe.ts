import type { FiredFault } from './apply.js'
import { byKind, type ByKind, type Fault, type Schedule, type Target } from './fault.js'

const seconds = (ms: number): string => `${ms / 1000} s`
const percent = (rate: number): string => `${Number((rate * 100).toFixed(2))}%`

/** The schedule in words, one line a fault: `2.5 s  split press | lathe paint  for 4.5 s`. */
export function describe(schedule: Schedule): string[] {
  return schedule.map((fault) => `${when(fault)}  ${inWords(fault)}${lasting(fault)}`)
}

/** The same for faults that fired, with the nodes that they hit where a role was named. */
export function describeFired(fired: readonly FiredFault[]): string[] {
  return fired.map(({ atMs, fault, hit }) => {
    const on = fault.on === undefined ? '' : `  on ${fault.on}`
    return `${seconds(atMs)}  ${firedInWords(fault, hit)}${lasting(fault)}${on}`
  })
}

/** What it did, and to whom, without when and how long. */
export function firedInWords(fault: Fault, hit: readonly string[]): string {
  const words = inWords(fault)
  const named = new Set(words.split(' '))
  const clear = hit.length > 0 && (hitsEverybody(fault) || hit.every((name) => named.has(name)))
  return clear ? words : `${words} (${hit.join(' ') || 'nobody'})`
}

/** The kinds that need no target. */
function hitsEverybody(fault: Fault): boolean {
  if (fault.do === 'ring') return true
  return (
    ['slow', 'loss', 'duplicate', 'reorder', 'reset'].includes(fault.do) &&
    !('who' in fault || 'from' in fault)
  )
}

function when({ at, on, after = 0 }: Fault): string {
  if (on === undefined) return seconds(at ?? 0)
  return after === 0 ? `on ${on}` : `${seconds(after)} after ${on}`
}

function lasting(fault: Fault): string {
  return 'for' in fault && fault.for !== undefined ? `  for ${seconds(fault.for)}` : ''
}

/** What it does, without when and how long. */
export function inWords(fault: Fault): string {
  return byKind(words, fault)
}

type LinkFault = { readonly who?: Target; readonly from?: Target; readonly to?: Target }

const between = ({ who, from, to }: LinkFault): string =>
  from !== undefined && to !== undefined ? `${from} > ${to}` : `of ${who ?? 'everybody'}`

const plain = (fault: { readonly do: string; readonly who: Target }): string => `${fault.do} ${fault.who}`

const words: ByKind<string> = {
  crash: plain,
  restart: plain,
  pause: plain,
  stall: (f) => `stall ${f.who} for ${seconds(f.busyMs)} every ${seconds(f.everyMs)}`,
  sleep: (f) => `send ${f.who} to sleep`,
  'power-off': (f) => `power off ${f.who.join(' ')}${f.tear === true ? ' (torn writes)' : ''}`,
  upgrade: (f) => `upgrade ${f.who} to ${f.to}`,
  act: (f) => `${f.who} does: ${f.act}`,
  cut: (f) => `cut ${f.from} > ${f.to}`,
  split: (f) => `split ${f.a.join(' ')} | ${f.b?.join(' ') ?? 'the rest'}`,
  bridge: (f) => `bridge ${f.a?.join(' ') ?? 'some'} | ${f.b?.join(' ') ?? 'the rest'} over ${f.over}`,
  ring: () => 'ring of majorities',
  slow: (f) =>
    `delay messages ${between(f)} by ${seconds(f.byMs)}` +
    (f.jitterMs === undefined ? '' : ` and up to ${seconds(f.jitterMs)} more`),
  loss: (f) => `lose ${percent(f.rate)} of the messages ${between(f)}`,
  duplicate: (f) => `double ${percent(f.rate)} of the messages ${between(f)}`,
  reorder: (f) => `reorder ${percent(f.rate)} of the messages ${between(f)}`,
  refuse: (f) => `refuse dials ${f.from ?? 'of everybody'} > ${f.to}`,
  reset: (f) => `reset the links ${between(f)}`,
  'address-change': (f) => `new address for ${f.who}`,
  wipe: (f) => `wipe the disk of ${f.who}`,
  'disk-full': (f) => `disk of ${f.who} is full`,
  'disk-slow': (f) => `disk of ${f.who} takes ${seconds(f.byMs)} longer to sync`,
  'disk-fails': (f) => `disk of ${f.who} fails the next sync`,
  'disk-lies': (f) => `disk of ${f.who} lies about syncs`,
  misdirect: (f) => `disk of ${f.who} misdirects the next write`,
  rot: (f) => `a bit of ${f.file ?? 'a file'} on the disk of ${f.who} rots`,
  'clock-jump': (f) => `wall clock of ${f.who} jumps by ${seconds(f.byMs)}`,
  drift: (f) => `clocks of ${f.who} run at ${f.rate}`,
}
