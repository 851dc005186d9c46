import type { Host, Log, MemberId } from '@tanist/core'
import { hostHere } from './join.js'
import { checkSettings, openWitness } from './peer/index.js'
import type { JoinError, WitnessCore, WitnessSettings, WitnessStatus } from './peer/index.js'

export interface WitnessOptions extends Omit<WitnessSettings, 'data'> {
  /** The same as of the peers; several while it is changed. Default: empty. */
  readonly secret?: string | readonly string[]
  /** Folder of its identity and its book, for one process at a time. Default `.tanist/APP-witness`. */
  readonly data?: string
  /** Default: JSON lines on standard error, from `info` on. */
  readonly log?: Log
  /** Another world than this machine's Node, for example the simulated one. */
  readonly host?: Host
}

export interface Witness {
  readonly id: MemberId
  readonly address: string
  /** Resolves when it has stopped: with null after `stop`, else with the reason. */
  readonly stopped: Promise<JoinError | null>
  status(): WitnessStatus
  stop(): Promise<void>
}

/**
 * A third process for two peers, on a third machine: it holds no data and serves nothing, but decides, once and on
 * disk, which of two voters goes on when they lose each other. With it, either machine may lose its power. Peers find
 * it when it finds one of them. Rejects with a `JoinError` when an option, the port or the folder is not right.
 *
 * @example
 * const witness = await startWitness({ app: 'shop', secret, listen: '192.168.1.9:7100', seeds: ['192.168.1.7:7101'] })
 * process.once('SIGTERM', () => void witness.stop())
 */
export async function startWitness(options: WitnessOptions): Promise<Witness> {
  const { secret = '', log, data = `.tanist/${options.app}-witness`, ...settings } = options
  checkSettings({ ...settings, data, roles: [] })
  const host = options.host ?? hostHere({ app: options.app, secret, log })
  const core = await new Promise<WitnessCore>((resolve, reject) => {
    openWitness(host, { ...settings, data }, (error, opened) => (opened ? resolve(opened) : reject(error)))
  })
  const stopped = new Promise<JoinError | null>((resolve) => (core.onStopped = resolve))
  return {
    id: core.self.memberId,
    address: core.self.address,
    stopped,
    status: () => core.status(),
    stop: () => new Promise((resolve) => core.stop(resolve)),
  }
}
