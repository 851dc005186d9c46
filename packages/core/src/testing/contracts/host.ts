import type { Address, Host } from '../../host/index.js'
import { check, contract, type ContractCase, type Draft, equal, type Subject } from './case.js'
import { datagramsContract, type DatagramsSubject } from './datagrams.js'
import { diskContract, type DiskSubject } from './disk.js'
import { engineContract } from './engine.js'
import { networkContract, type NetworkSubject } from './network.js'
import { timersContract } from './timers.js'

/** Two hosts that can reach each other. Disk, timers and engine are tried on `there`. */
export interface HostSubject extends Subject {
  readonly here: Host
  /** The host of the process that runs there now: another one after `start`. */
  readonly there: Host
  /** Where each can listen and bind, with port 0: `127.0.0.1:0`. */
  readonly atHere: Address
  readonly atThere: Address
  /** A host at which both can bind and hear what either sends to it: `127.255.255.255`. */
  readonly everybody?: string
  /** A folder of `there` that does not exist yet, and of which the parent does not exist either. */
  readonly path: string
  /** An address that `there` does not have. */
  readonly foreign?: Address
  /** Its listeners take clients. */
  readonly clients?: boolean
  /** The host of another application or secret, on the machine of `here`. */
  readonly stranger?: Host
  /** What can be done to `there`. Without it, the cases that need it are skipped. */
  readonly faults?: HostFaults
}

export interface HostFaults {
  /** Kills the process. Its kernel stays, and what it wrote. */
  crash?(): void
  /** Freezes it. */
  freeze?(): void
  /** Cuts the power of its machine. */
  powerOff?(): void
  /** Starts a new process after `crash` or `powerOff`. */
  start?(): void
  /** From now on nothing can grow on its disk. */
  fill?(): void
  /** The next sync of its disk fails. */
  failNextSync?(): void
}

/**
 * What every `Host` must do: the contracts of all its parts, and what is said of randomness and log.
 *
 * @example
 * for (const { name, run } of hostContract(() => twoHosts())) it(name, ({ skip }) => run(skip))
 */
export function hostContract(create: () => HostSubject | Promise<HostSubject>): ContractCase[] {
  const one = async (): Promise<Subject & Host> => {
    const subject = await create()
    return { ...subject.there, ...base(subject) }
  }
  return [
    ...of(
      'network',
      networkContract(async () => networkOf(await create())),
    ),
    ...of(
      'datagrams',
      datagramsContract(async () => datagramsOf(await create())),
    ),
    ...of(
      'disk',
      diskContract(async () => diskOf(await create())),
    ),
    ...of('timers', timersContract(one)),
    ...of('engine', engineContract(one)),
    ...contract(one, cases),
  ]
}

const cases: readonly Draft<Subject & Host>[] = [
  {
    name: 'randomness: numbers in [0, 1) that spread, and ids of 32 digits that never repeat',
    run: async ({ random }) => {
      const draws = Array.from({ length: 2_000 }, () => random.next())
      check(
        draws.every((draw) => draw >= 0 && draw < 1),
        'numbers in [0, 1)',
      )
      // By chance alone this fails once in 10^90 runs.
      const tenths = new Set(draws.map((draw) => Math.floor(draw * 10)))
      equal(tenths.size, 10, 'tenths of [0, 1) that 2,000 numbers fall into')
      const ids = Array.from({ length: 1_000 }, () => random.id())
      check(
        ids.every((id) => /^[0-9a-f]{32}$/.test(id)),
        `ids of 32 lower-case hexadecimal digits, not ${ids[0]}`,
      )
      equal(new Set(ids).size, ids.length, 'different ids')
    },
  },
  {
    name: 'log: takes every level and any data, and never throws',
    run: async ({ log }) => {
      const cycle: Record<string, unknown> = {}
      cycle['self'] = cycle
      for (const level of ['debug', 'info', 'warn', 'error'] as const) log.write(level, 'contract', 'A line.')
      log.write('info', 'contract', 'A line.', { error: new Error('no'), n: 1, big: 10n, cycle })
    },
  },
]

const of = (part: string, contracted: ContractCase[]): ContractCase[] =>
  contracted.map(({ name, run }) => ({ name: `${part}: ${name}`, run }))

function base(subject: HostSubject): Subject {
  return {
    until: (holds) => subject.until(holds),
    pass: (ms) => subject.pass(ms),
    end: () => subject.end?.(),
  }
}

function networkOf(subject: HostSubject): NetworkSubject {
  const { here, there, atThere, foreign, clients, stranger, faults = {} } = subject
  return {
    ...base(subject),
    here: here.network,
    there: there.network,
    at: atThere,
    ...(foreign !== undefined && { foreign }),
    ...(clients !== undefined && { clients }),
    ...(stranger && { stranger: stranger.network }),
    ...(faults.crash && { crash: () => faults.crash?.() }),
    ...(faults.freeze && { freeze: () => faults.freeze?.() }),
  }
}

function datagramsOf(subject: HostSubject): DatagramsSubject {
  const { here, there, atHere, atThere, everybody } = subject
  const both = { here: here.datagrams, there: there.datagrams, atHere, atThere }
  return { ...base(subject), ...both, ...(everybody !== undefined && { everybody }) }
}

function diskOf(subject: HostSubject): DiskSubject {
  const { path, faults = {} } = subject
  const again = (end: () => void) => (): void => {
    end()
    faults.start?.()
  }
  return {
    ...base(subject),
    path,
    disk: { openFolder: (name) => subject.there.disk.openFolder(name) },
    ...(faults.crash && faults.start && { crash: again(() => faults.crash?.()) }),
    ...(faults.powerOff && faults.start && { powerOff: again(() => faults.powerOff?.()) }),
    ...(faults.fill && { fill: () => faults.fill?.() }),
    ...(faults.failNextSync && { failNextSync: () => faults.failNextSync?.() }),
  }
}
