/** A node's name, or a role (`server`, `a voter`) that is resolved at the moment when the fault fires. */
export type Target = string

/**
 * When a fault fires: `at` so many virtual milliseconds after `applySchedule`, or `on` something that happens:
 * `server.appended#3` is the third `appended` of whoever is server when it happens; `after` delays it.
 */
export type When =
  | { readonly at: number; readonly on?: never; readonly after?: never }
  | { readonly at?: never; readonly on: string; readonly after?: number }

interface Lasting {
  /** Milliseconds after which the fault undoes itself; without it, it lasts until `world.healAll`. */
  readonly for?: number
}

interface Who {
  readonly who: Target
}

/** Links and datagrams of `who`, both ways; or one way, `from` somebody `to` somebody; or everybody's. */
type Links =
  | { readonly who?: Target; readonly from?: never; readonly to?: never }
  | { readonly who?: never; readonly from: Target; readonly to: Target }

/** What can go wrong, by the name of its kind: everything but `do` and `When`. */
export interface FaultFields {
  // Processes and machines

  crash: Who & Lasting
  /** Crashes what runs and starts it again at once. */
  restart: Who
  /** Frozen: what becomes due piles up. The kernel still takes dials, the clocks go on. */
  pause: Who & Lasting
  /** The event loop is blocked for `busyMs`, again every `everyMs`. */
  stall: Who & { readonly busyMs: number; readonly everyMs: number } & Lasting
  /** The machine is suspended: process frozen, monotonic clock still, wall clock running, kernel silent. */
  sleep: Who & Lasting
  /** No power, all at one moment: what was not synced is lost, with `tear` the last write may be there in parts. */
  'power-off': { readonly who: readonly Target[]; readonly tear?: boolean } & Lasting
  /** Restarts with the next start's `version`. */
  upgrade: Who & { readonly to: string }
  /** Whatever the test that applies the schedule knows by this name. */
  act: Who & { readonly act: string }

  // Network

  /** One direction. What is sent is held, in order. */
  cut: { readonly from: Target; readonly to: Target } & Lasting
  /** `a` from `b`; without `b`, from everybody else. */
  split: { readonly a: readonly Target[]; readonly b?: readonly Target[] } & Lasting
  /** `a` and `b` reach each other only through `over`. They are halves of the others by default. */
  bridge: { readonly over: Target; readonly a?: readonly Target[]; readonly b?: readonly Target[] } & Lasting
  /** Everybody hears a majority, and everybody another one. */
  ring: Lasting
  /** Everything takes `byMs` longer, and up to `jitterMs` more. */
  slow: Links & { readonly byMs: number; readonly jitterMs?: number } & Lasting
  /** This share is lost: for frames, against the contract of links. */
  loss: Links & { readonly rate: number } & Lasting
  /** This share comes twice: for frames, against the contract of links. */
  duplicate: Links & { readonly rate: number } & Lasting
  /** This share comes late and is overtaken: for frames, against the contract of links. */
  reorder: Links & { readonly rate: number } & Lasting
  /** New dials are refused, as by a firewall; from everybody without `from`. */
  refuse: { readonly from?: Target; readonly to: Target } & Lasting
  /** Open links are reset at both ends, while both processes live on. */
  reset: Links
  /** A new address: links of the old one die without a word, listeners answer at the new one. */
  'address-change': Who

  // Disks

  /** The machine restarts under its name, with an empty disk. */
  wipe: Who
  'disk-full': Who & Lasting
  /** Every sync takes `byMs` longer. */
  'disk-slow': Who & { readonly byMs: number } & Lasting
  /** The next sync fails. */
  'disk-fails': Who
  /** Syncs say that they are done, and nothing of them survives a power cut. */
  'disk-lies': Who & Lasting
  /** The next write lands elsewhere in the same file. */
  misdirect: Who
  /** A bit flips in a file: in `file` (a full path, or a name in any folder), else in one by chance. */
  rot: Who & { readonly file?: string }

  // Clocks

  'clock-jump': Who & { readonly byMs: number }
  /** Both clocks run `rate` times as fast as true time. */
  drift: Who & { readonly rate: number } & Lasting
}

export type FaultKind = keyof FaultFields

export type FaultOf<K extends FaultKind> = { [P in K]: { readonly do: P } & FaultFields[P] & When }[K]

/** One thing that goes wrong, as plain JSON. */
export type Fault = FaultOf<FaultKind>

export type Schedule = readonly Fault[]

/** One function for each kind: what a new kind needs wherever kinds differ. */
export type ByKind<R, A extends readonly unknown[] = []> = {
  readonly [K in FaultKind]: (fault: FaultOf<K>, ...more: A) => R
}

export function byKind<R, A extends readonly unknown[]>(table: ByKind<R, A>, fault: Fault, ...more: A): R {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the entry under `do` takes this very kind
  const entry = table[fault.do] as (fault: Fault, ...more: A) => R
  return entry(fault, ...more)
}
