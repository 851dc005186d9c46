import type { FaultKind } from './fault.js'

/** What may stand in a field of a fault. */
export type FieldType =
  | 'target'
  | 'targets'
  | 'ms'
  | 'more ms'
  | 'signed ms'
  | 'share'
  | 'rate'
  | 'yes or no'
  | 'text'

export interface Field {
  readonly type: FieldType
  readonly optional?: true
}

export type Fields = Readonly<Record<string, Field>>

const target: Field = { type: 'target' }
const targets: Field = { type: 'targets' }
const some = ({ type }: Field): Field => ({ type, optional: true })

const who = { who: target }
const lasting = { for: some({ type: 'ms' }) }
const links = { who: some(target), from: some(target), to: some(target) }
const share: Field = { type: 'share' }

/** The fields of each kind besides `do` and when it fires: for whoever reads schedules that people wrote. */
export const faultFields: Readonly<Record<FaultKind, Fields>> = {
  crash: { ...who, ...lasting },
  restart: who,
  pause: { ...who, ...lasting },
  stall: { ...who, busyMs: { type: 'more ms' }, everyMs: { type: 'more ms' }, ...lasting },
  sleep: { ...who, ...lasting },
  'power-off': { who: targets, tear: { type: 'yes or no', optional: true }, ...lasting },
  upgrade: { ...who, to: { type: 'text' } },
  act: { ...who, act: { type: 'text' } },
  cut: { from: target, to: target, ...lasting },
  split: { a: targets, b: some(targets), ...lasting },
  bridge: { over: target, a: some(targets), b: some(targets), ...lasting },
  ring: lasting,
  slow: { ...links, byMs: { type: 'ms' }, jitterMs: some({ type: 'ms' }), ...lasting },
  loss: { ...links, rate: share, ...lasting },
  duplicate: { ...links, rate: share, ...lasting },
  reorder: { ...links, rate: share, ...lasting },
  refuse: { from: some(target), to: target, ...lasting },
  reset: links,
  'address-change': who,
  wipe: who,
  'disk-full': { ...who, ...lasting },
  'disk-slow': { ...who, byMs: { type: 'ms' }, ...lasting },
  'disk-fails': who,
  'disk-lies': { ...who, ...lasting },
  misdirect: who,
  rot: { ...who, file: some({ type: 'text' }) },
  'clock-jump': { ...who, byMs: { type: 'signed ms' } },
  drift: { ...who, rate: { type: 'rate' }, ...lasting },
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the table has these keys
export const faultKinds = Object.keys(faultFields) as readonly FaultKind[]

/** Kinds whose links are `who`'s, or one way `from` and `to`, or everybody's. */
export const linkKinds: readonly FaultKind[] = faultKinds.filter((kind) => {
  const fields = faultFields[kind]
  return fields['who']?.optional === true && fields['to']?.optional === true
})
