import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { CONFIG_VARIABLE } from './messages.js'
import type { Act, Chair, ChairState, FromPeer, PeerConfig, ToPeer } from './messages.js'
import type { OfficeView } from './view.js'

const PROGRAM = fileURLToPath(new URL('./peer.js', import.meta.url))

export interface DeskHandlers {
  told(message: FromPeer): void
  /** The process ended; `killed` tells a `kill -9` from an end of its own. */
  ended(how: { readonly killed: boolean; readonly code: number | null }): void
}

/** One place in the office: a name, a port and a folder, and at most one process at a time. */
export class Desk {
  readonly config: PeerConfig
  state: ChairState = 'stopped'
  /** What its process last said about the cluster; null while there is none. */
  view: OfficeView | null = null
  /** Why its process failed. */
  trouble: string | null = null
  /** It served when this office killed it: others may tell who took over before they are told that it has ended. */
  servedWhenKilled = false
  #child: ChildProcess | null = null

  constructor(config: PeerConfig) {
    this.config = config
  }

  get name(): string {
    return this.config.name
  }

  get url(): string {
    return `http://${this.config.listen}/`
  }

  get alive(): boolean {
    return this.#child !== null
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  start(handlers: DeskHandlers): void {
    this.state = 'starting'
    this.trouble = null
    this.servedWhenKilled = false
    const env = { ...process.env, [CONFIG_VARIABLE]: JSON.stringify(this.config) }
    const child = fork(PROGRAM, [], { env, execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    this.#child = child
    child.on('message', (message: FromPeer) => {
      if (message.kind === 'view') this.view = message.view
      else if (message.kind === 'failed') this.trouble = message.text
      handlers.told(message)
    })
    child.on('error', (error) => (this.trouble ??= error.message))
    child.on('exit', (code, signal) => {
      this.#child = null
      this.view = null
      handlers.ended({ killed: signal === 'SIGKILL', code })
    })
  }

  tell(message: ToPeer): void {
    // A process that dies at this moment cannot be told; its end is reported anyway.
    if (this.#child?.connected) this.#child.send(message, () => {})
  }

  signal(signal: 'SIGKILL' | 'SIGTERM'): void {
    this.#child?.kill(signal)
  }

  /** `last`: nobody else runs, so that nobody could keep the board when this one leaves. */
  chair(last: boolean): Chair {
    return { name: this.name, address: this.config.listen, state: this.state, may: mayOf(this.state, last) }
  }
}

function mayOf(state: ChairState, last: boolean): Act[] {
  switch (state) {
    case 'running':
      return last ? ['crash'] : ['crash', 'leave']
    case 'starting':
    case 'leaving':
      return ['crash']
    case 'crashed':
      return ['return']
    case 'stopped':
      return []
  }
}
