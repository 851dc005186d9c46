import { byKind, type ByKind, type Fault, type FaultKind, type Target } from './fault.js'

/** When a fault may be at work, in the time of the schedule. */
export interface Span {
  readonly fromMs: number
  readonly toMs: number
}

/** Nothing but a new start by hand repairs what these did: `for` undoes the cause, not the harm. */
const forGood: readonly FaultKind[] = [
  'act',
  'address-change',
  'wipe',
  'disk-full',
  'disk-fails',
  'misdirect',
  'rot',
]

const atOnce: readonly FaultKind[] = ['restart', 'upgrade', 'reset']

/** While the machines are as the fault made them. What waits for something that happens may come at any time. */
export function spanOf(fault: Fault): Span {
  if (fault.on !== undefined) return { fromMs: 0, toMs: Number.POSITIVE_INFINITY }
  const fromMs = fault.at ?? 0
  if (atOnce.includes(fault.do)) return { fromMs, toMs: fromMs }
  const lasts = forGood.includes(fault.do) || !('for' in fault) ? undefined : fault.for
  return { fromMs, toMs: fromMs + (lasts ?? Number.POSITIVE_INFINITY) }
}

/** Machines that cannot do their part: these ones, or so many of any. */
export type Hurt = readonly Target[] | number

/** Who does not, in a cluster of so many, where everybody else still reaches everybody else. */
export function hurtBy(fault: Fault, nodes: number): Hurt {
  return byKind(table, fault, nodes)
}

type WhoFault = { readonly who: Target }
type LinkFault = { readonly who?: Target; readonly from?: Target }

const one = ({ who }: WhoFault): Hurt => [who]
const nobody = (): Hurt => []
const links = ({ who, from }: LinkFault, nodes: number): Hurt => {
  const end = who ?? from
  return end === undefined ? nodes : [end]
}
/** The smaller side, as the other one goes on without it. */
const smaller = (a: readonly Target[], b: readonly Target[]): Hurt => (a.length <= b.length ? a : b)

const table: ByKind<Hurt, [nodes: number]> = {
  crash: one,
  restart: one,
  pause: one,
  stall: one,
  sleep: one,
  'power-off': ({ who }) => who,
  upgrade: one,
  act: one,
  cut: ({ from }) => [from],
  split: ({ a, b }, nodes) => {
    if (b !== undefined) return smaller(a, b)
    return a.length * 2 <= nodes ? a : nodes - a.length
  },
  bridge: ({ a, b }, nodes) => {
    if (a !== undefined && b !== undefined) return smaller(a, b)
    const given = a ?? b
    const half = Math.floor((nodes - 1) / 2)
    return given === undefined ? half : given.length <= half ? given : nodes - 1 - given.length
  },
  ring: (_fault, nodes) => nodes,
  slow: links,
  loss: links,
  duplicate: links,
  reorder: links,
  refuse: ({ to }) => [to],
  reset: links,
  'address-change': one,
  wipe: one,
  'disk-full': one,
  'disk-slow': one,
  'disk-fails': one,
  'disk-lies': nobody,
  misdirect: one,
  rot: one,
  'clock-jump': nobody,
  drift: nobody,
}
