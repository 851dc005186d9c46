import { match, P } from 'ts-pattern'
import type { Fault, FiredFault, Schedule } from './schedule.js'

const seconds = (ms: number): string => `${ms / 1000} s`

/** The schedule in words, one line a fault: `2.5 s  split press | lathe paint  for 4.5 s`. */
export function describe(schedule: Schedule): string[] {
  return schedule.map((fault) => `${seconds(fault.at)}  ${inWords(fault)}${lasting(fault)}`)
}

/** The same for faults that fired, with the nodes that they hit where a role was named. */
export function describeFired(fired: readonly FiredFault[]): string[] {
  return fired.map(({ atMs, fault, hit }) => {
    const words = inWords(fault)
    const named = new Set(words.split(' '))
    const who =
      hit.length > 0 && hit.every((name) => named.has(name)) ? '' : ` (${hit.join(' ') || 'nobody'})`
    return `${seconds(atMs)}  ${words}${who}${lasting(fault)}`
  })
}

function lasting(fault: Fault): string {
  return 'for' in fault && fault.for !== undefined ? `  for ${seconds(fault.for)}` : ''
}

function inWords(fault: Fault): string {
  return match(fault)
    .with({ do: P.union('crash', 'restart', 'pause') }, (f) => `${f.do} ${f.who}`)
    .with({ do: 'cut' }, (f) => `cut ${f.from} > ${f.to}`)
    .with({ do: 'split' }, (f) => `split ${f.a.join(' ')} | ${f.b?.join(' ') ?? 'the rest'}`)
    .with({ do: 'loss' }, (f) => `lose ${f.rate * 100}% of the messages of ${f.who ?? 'everybody'}`)
    .with(
      { do: 'power-off' },
      (f) => `power off ${f.who.join(' ')}${f.tear === true ? ' (torn writes)' : ''}`,
    )
    .with({ do: 'clock-jump' }, (f) => `wall clock of ${f.who} jumps by ${seconds(f.byMs)}`)
    .with({ do: 'drift' }, (f) => `clocks of ${f.who} run at ${f.rate}`)
    .exhaustive()
}
