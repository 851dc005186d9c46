import { openRegister } from '@tanist/core'
import type { Folder, Hello, Host, Link, Listener, MemberId, Register } from '@tanist/core'
import { decideGrant, emptyBook, parseBook } from '../succession/index.js'
import type { GrantBook } from '../succession/index.js'
import { JoinError } from './errors.js'
import { nextLife, parseIdentity } from './identity.js'
import type { Identity } from './identity.js'
import { Mesh } from './mesh.js'
import { asJoinError, PROTOCOL } from './open.js'
import { advertised } from './own-address.js'
import { checkSettings } from './settings.js'
import type { CheckedSettings, PeerSettings } from './settings.js'
import { SyncGate } from './sync-gate.js'
import { KeyedTimers } from './timers.js'
import { Turns } from './turns.js'
import type { WireMessage } from './wire.js'

/** What makes a witness: as of a peer, without roles and without what is journalled. */
export type WitnessSettings = Pick<
  PeerSettings,
  'app' | 'name' | 'listen' | 'advertise' | 'seeds' | 'data' | 'membership'
>

/** What a witness tells whoever watches it. */
export interface WitnessStatus {
  readonly id: MemberId
  readonly address: string
  /** Members that have a working link to it now. */
  readonly linked: readonly { readonly id: MemberId; readonly name: string }[]
  /** How often it decided which of two goes on alone. */
  readonly grants: number
}

/**
 * Opens the folder of a witness, begins a new incarnation on disk and binds the address. `done` gets either a
 * `JoinError` or a witness that looks for peers.
 */
export function openWitness(
  host: Host,
  settings: WitnessSettings,
  done: (error: JoinError | null, witness: WitnessCore | null) => void,
): void {
  let files: Files
  try {
    files = openFiles(host, checkSettings({ ...settings, roles: [] }))
  } catch (error) {
    done(asJoinError(error), null)
    return
  }
  files.identity.save(files.life, (error) => {
    if (!error) return listen(host, files, done)
    closeFiles(files)
    done(asJoinError(error), null)
  })
}

interface Files {
  readonly settings: CheckedSettings
  readonly folder: Folder
  readonly gate: SyncGate
  readonly identity: Register<Identity>
  readonly book: Register<GrantBook>
  readonly life: Identity
}

function openFiles(host: Host, settings: CheckedSettings): Files {
  const { app, data } = settings
  const folder = host.disk.openFolder(data)
  const gate = new SyncGate(host.engine, 'witness')
  try {
    const gated = gate.folder(folder)
    const identity = openRegister<Identity>(gated, 'witness', parseIdentity)
    const book = openRegister<GrantBook>(gated, 'grants', parseBook)
    const owner = identity.value?.app ?? app
    if (owner !== app)
      throw new JoinError(
        'data',
        `The data folder ${data} belongs to a witness of the application "${owner}", not of "${app}"; give this one a folder of its own.`,
      )
    return {
      settings,
      folder,
      gate,
      identity,
      book,
      life: nextLife(identity.value, app, host.random),
    }
  } catch (error) {
    gate.stop()
    folder.close()
    throw error
  }
}

function closeFiles({ identity, book, folder, gate }: Files): void {
  identity.close()
  book.close()
  folder.close()
  gate.stop()
}

function listen(
  host: Host,
  files: Files,
  done: (error: JoinError | null, witness: WitnessCore | null) => void,
): void {
  const { settings, life } = files
  let witness: WitnessCore | null = null
  const listener = host.network.listen(settings.listen, {
    listening: (bound) => {
      const address = advertised(host, settings, bound)
      const { memberId, incarnation } = life
      const fixed = {
        protocol: PROTOCOL,
        clusterId: null,
        mode: settings.mode,
        known: [],
        witness: true,
      } as const
      const self = { ...fixed, memberId, incarnation, address, name: settings.name ?? address }
      witness = new WitnessCore(host, files, listener, self)
      done(null, witness)
      witness.start()
    },
    accept: (link: Link) => {
      if (witness) return witness.accept(link)
      link.close('starting', 'this witness is not ready yet')
      return { opened: () => {}, frame: () => {}, closed: () => {} }
    },
    failed: ({ text }) => {
      if (witness) return witness.fail(new JoinError('listen', text))
      closeFiles(files)
      done(new JoinError('listen', text), null)
    },
  })
}

/** A witness: links to every peer, and a book. It holds no data, leads nobody and votes in no election. */
export class WitnessCore {
  readonly self: Hello
  /** Called once, when it has stopped: with null after a wish. */
  onStopped: (error: JoinError | null) => void = () => {}
  readonly #host: Host
  readonly #files: Files
  readonly #listener: Listener
  readonly #turns: Turns
  readonly #timers: KeyedTimers
  readonly #mesh: Mesh
  readonly #linked = new Map<MemberId, string>()
  #book: GrantBook
  /** Writes of the book that are under way. */
  #writing = 0
  #stopped = false

  constructor(host: Host, files: Files, listener: Listener, self: Hello) {
    this.#host = host
    this.#files = files
    this.#listener = listener
    this.self = self
    this.#book = files.book.value ?? emptyBook
    const turns = new Turns(host.engine, `witness-${self.memberId.slice(0, 8)}`, {
      flush: () => this.#mesh.flush(),
      failed: (error) => this.fail(new JoinError('broken', `This witness stops: ${String(error)}`, error)),
    })
    this.#turns = turns
    this.#timers = new KeyedTimers(host, (key) =>
      turns.enqueue(() => this.#mesh.step({ kind: 'timer', key: key.slice(key.indexOf('.') + 1) })),
    )
    const config = {
      self,
      seeds: files.settings.seeds,
      settings: { ...files.settings, evidence: 'normal' as const },
    }
    this.#mesh = new Mesh(host, turns, this.#timers, config, {
      up: ({ memberId, name }) => void this.#linked.set(memberId, name),
      down: (memberId) => void this.#linked.delete(memberId),
      evidence: () => {},
      gone: () => {},
      cutOff: () => {},
      latency: () => {},
      links: () => {},
      fate: () => {},
      about: () => {},
      beat: () => {},
      leader: () => null,
      refused: (address, code, text) => host.log.write('warn', 'peer-refused', text, { address, code }),
      message: ({ memberId }, message) => this.#message(memberId, message),
    })
  }

  start(): void {
    this.#turns.enqueue(() => this.#mesh.step({ kind: 'start' }))
  }

  accept(link: Link): ReturnType<Mesh['accept']> {
    return this.#mesh.accept(link)
  }

  status(): WitnessStatus {
    const linked = [...this.#linked].map(([id, name]) => ({ id, name }))
    const grants = this.#book.grants.filter(({ to }) => to !== null).length
    return { id: this.self.memberId, address: this.self.address, linked, grants }
  }

  stop(done: () => void): void {
    if (this.#stopped) return done()
    this.#turns.enqueue(() => this.#shutDown(null, done))
  }

  fail(error: JoinError): void {
    if (this.#stopped) return
    this.#host.log.write('error', 'witness-failed', error.message, { code: error.code })
    this.#shutDown(error, () => {})
  }

  /** An answer leaves when everything that was decided so far is on disk. */
  #message(from: MemberId, message: WireMessage): void {
    if (message.channel !== 's' || message.body.t !== 'grant' || message.body.branch === null) return
    const { branch, term, set, committed, leads, notice } = message.body
    const { book, to, ...known } = decideGrant(this.#book, { branch, set, from, committed, leads, notice })
    const answer = (): void => {
      if (notice) return
      const body = { t: 'granted' as const, branch, term, set, to, ...known }
      this.#mesh.sendTo(from, { channel: 's', body, entries: [] })
    }
    if (book === this.#book && this.#writing === 0) return answer()
    if (book !== this.#book && to !== null)
      this.#host.log.write('info', 'granted', `Of the pair ${set.join('.')}, ${from} goes on alone.`, { to })
    this.#book = book
    this.#writing += 1
    this.#files.book.save(book, (error) =>
      this.#turns.enqueue(() => {
        this.#writing -= 1
        if (error)
          this.fail(
            new JoinError('data', `The book of this witness cannot be written: ${error.message}`, error),
          )
        else if (!this.#stopped) answer()
      }),
    )
  }

  #shutDown(error: JoinError | null, done: () => void): void {
    if (this.#stopped) return done()
    this.#stopped = true
    if (error?.code !== 'broken') this.#mesh.close(false)
    this.#timers.cancelAll()
    this.#turns.stop()
    closeFiles(this.#files)
    this.#listener.close()
    this.onStopped(error)
    done()
  }
}
