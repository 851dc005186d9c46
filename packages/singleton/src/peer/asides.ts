import { DiskError } from '@tanist/core'
import type { Folder, Host, Journal, Snapshots, Timer } from '@tanist/core'
import { bringUp, fromEncoded, proxy } from '../role/index.js'
import type {
  AnyRole,
  Call,
  CallOptions,
  CallOutcome,
  CommandEntry,
  Decision,
  LostCommand,
  Reconciliation,
  Role,
  RoleHost,
} from '../role/index.js'
import { asideFiles, commandIn, setAsideFiles } from './aside.js'
import type { AsideFile, AsideHeader, SetAsideStatus } from './aside.js'
import { Bundle } from './bundle.js'
import type { CallRequest } from './caller.js'

/** A role whose `reconcile` failed is asked again after this time. */
const AGAIN_MS = 5_000

export interface AsidesParts {
  readonly host: Host
  readonly folder: Folder
  readonly roles: RoleHost
  readonly definitions: readonly AnyRole[]
  readonly call: (request: CallRequest, done: (outcome: CallOutcome) => void) => () => void
  readonly changed: () => void
}

interface Row {
  readonly file: AsideFile
  /** What becomes of it. */
  text: string
  /** Commands in it that are not handled. */
  commands: number
}

type AnyCommands = Readonly<Record<string, (state: never, input: never) => Decision>>
type AnyCalls = Readonly<Record<string, (input?: unknown, options?: CallOptions) => Call<Decision>>>
type Reconcile = (lost: readonly LostCommand[], ctx: Reconciliation<unknown>) => void | Promise<void>

/**
 * What this peer had to set aside, one file a loss (promise P7). Once it is a member of the branch that goes on,
 * each role's `reconcile` gets its commands, until it has handled them; then the file is removed. What is in the
 * present state all the same (its caller asked again, or it was common after all) is not lost and left out.
 */
export class Asides {
  readonly #parts: AsidesParts
  readonly #abort = new AbortController()
  readonly #timers = new Set<Timer>()
  #files: Row[]

  constructor(parts: AsidesParts) {
    this.#parts = parts
    const bad = (text: string): void => parts.host.log.write('error', 'aside-unreadable', text)
    this.#files = asideFiles(parts.folder, bad).map((file) => entryOf(file))
  }

  get status(): readonly SetAsideStatus[] {
    return this.#files.map(({ file, text, commands }) => {
      const { branch, since, from, to } = file.header
      return { branch, from: since ?? from, to, commands, file: file.name, text }
    })
  }

  add(
    source: { readonly journal: Journal; readonly snapshots: Snapshots },
    about: Parameters<typeof setAsideFiles>[2],
    done: (error: Error | null, file: string | null) => void,
  ): void {
    setAsideFiles(this.#parts.folder, source, about, (error, files) => {
      const names = files.map(({ name }) => name)
      this.#files = [
        ...this.#files.filter(({ file }) => !names.includes(file.name)),
        ...files.map((file) => entryOf(file)),
      ]
      done(error, names.at(-1) ?? null)
    })
  }

  /** This peer is a member now, and its replica holds everything up to its own admission. */
  begin(): void {
    for (const row of this.#files) this.#handle(row)
  }

  stop(): void {
    this.#abort.abort()
    for (const timer of this.#timers) timer.cancel()
    this.#timers.clear()
  }

  #handle(row: Row): void {
    const { host, definitions } = this.#parts
    if (this.#abort.signal.aborted) return
    if (row.file.header.snapshot)
      return host.log.write('warn', 'set-aside-kept', row.text, { file: row.file.name })
    let lost: Map<string, LostCommand[]>
    try {
      lost = this.#lostIn(row.file)
    } catch (error) {
      row.text = `Kept for an operator: ${String(error)}`
      return host.log.write('error', 'aside-unreadable', row.text, { file: row.file.name })
    }
    row.commands = [...lost.values()].reduce((sum, commands) => sum + commands.length, 0)
    if (lost.size === 0) return this.#remove(row, 'everything in it is in the present state')
    const orphans = [...lost.keys()].filter(
      (name) => !definitions.some((role) => role.name === name && role.reconcile),
    )
    if (orphans.length > 0) {
      row.text = `Kept for an operator in ${row.file.name}: ${orphans.map((name) => `the role '${name}'`).join(', ')} has no reconcile.`
      host.log.write('warn', 'set-aside-kept', row.text, { file: row.file.name })
    }
    const wanted = definitions.filter((role) => lost.has(role.name) && role.reconcile)
    if (wanted.length === 0) return this.#parts.changed()
    if (orphans.length === 0) row.text = 'Being handed to the roles that it belongs to.'
    const all = wanted.map((role) => this.#reconcile(role, lost.get(role.name) ?? [], row.file))
    void Promise.all(all).then((handled) => {
      if (this.#abort.signal.aborted) return
      if (!handled.every((one) => one)) return this.#again(row)
      if (orphans.length === 0) this.#remove(row, 'it was handled')
    })
    this.#parts.changed()
  }

  async #reconcile(role: AnyRole, lost: readonly LostCommand[], { header }: AsideFile): Promise<boolean> {
    const { host, roles, call } = this.#parts
    // `role(...)` made it, so that its commands and its states are its own.
    const submit = (request: CallRequest): Promise<CallOutcome> =>
      new Promise((resolve) => void call(request, resolve))
    const commands = proxy(role as Role<unknown, unknown, AnyCommands> & AnyRole, submit) as AnyCalls
    const ctx: Reconciliation<unknown> = {
      text: header.text,
      state: () => roles.state(role.name),
      call: (command, input, options) => {
        const run = Object.hasOwn(commands, command) ? commands[command] : undefined
        if (!run) throw new TypeError(`The role '${role.name}' has no command '${command}'.`)
        return run(input, options)
      },
      signal: this.#abort.signal,
    }
    try {
      await (role.reconcile as Reconcile)(lost, ctx)
      return true
    } catch (error) {
      const text = `reconcile of the role '${role.name}' failed and is asked again: ${String(error)}`
      host.log.write('error', 'reconcile-failed', text, { role: role.name })
      return false
    }
  }

  #again(row: Row): void {
    row.text = `A reconcile failed; it is asked again every ${AGAIN_MS} ms.`
    const timer = this.#parts.host.timers.set(AGAIN_MS, () => {
      this.#timers.delete(timer)
      this.#handle(row)
    })
    this.#timers.add(timer)
    this.#parts.changed()
  }

  #lostIn({ name, header }: AsideFile): Map<string, LostCommand[]> {
    const { folder, roles } = this.#parts
    const lost = new Map<string, LostCommand[]>()
    const bundle = new Bundle(folder, name)
    try {
      for (const entries of bundle.entries()) {
        for (const entry of entries) {
          const command = commandIn(entry)
          if (!command || command.events.length === 0) continue
          const known = roles.knows(command.session, command.seq)
          if (known === 'yes') continue
          const today = asToday(this.#parts.definitions, command)
          const ofRole = lost.get(today.role) ?? []
          lost.set(today.role, ofRole)
          ofRole.push({ ...lostCommand(header, entry, today), repeated: known === 'no' ? 'no' : 'unknown' })
        }
      }
    } finally {
      bundle.close()
    }
    return lost
  }

  #remove(row: Row, why: string): void {
    const { folder, host, changed } = this.#parts
    this.#files = this.#files.filter((one) => one !== row)
    const text = `${row.file.name} is removed: ${why}.`
    try {
      folder.remove(row.file.name)
      // Handed over once more after a power cut at the worst.
      folder.sync(() => {})
      host.log.write('info', 'set-aside-handled', text, { file: row.file.name })
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      host.log.write('error', 'disk-failed', `${row.file.name} cannot be removed: ${error.message}`)
    }
    changed()
  }
}

/** By the names and versions of this build; as it was journalled where it has none for it. */
function asToday(definitions: readonly AnyRole[], command: CommandEntry): CommandEntry {
  const role = definitions.find(({ name, formerly }) => [name, ...(formerly ?? [])].includes(command.role))
  if (role === undefined) return command
  try {
    const events = command.events.map((event) => {
      const { type, payload } = bringUp(role, event)
      return { type, payload }
    })
    return { ...command, role: role.name, events }
  } catch {
    return { ...command, role: role.name }
  }
}

function entryOf(file: AsideFile): Row {
  const commands = Object.values(file.header.commands).reduce((sum, n) => sum + n, 0)
  const { snapshot, since = 0, to } = file.header
  const text = snapshot
    ? `Kept for an operator in ${file.name}: entries ${since} to ${to} were compacted away before they were lost, so their commands cannot be listed; the state that they led to is in it, as the snapshot of entry ${snapshot.index}.`
    : 'Waiting until this peer is a member again.'
  return { file, text, commands }
}

function lostCommand(
  { branch, committed }: AsideHeader,
  { index, term }: { readonly index: number; readonly term: number },
  { command, session, seq, atMs, events, outcome }: CommandEntry,
): Omit<LostCommand, 'repeated'> {
  return {
    id: `lost-${branch}:${index}`,
    command,
    callerId: `${session}:${seq}`,
    at: atMs,
    events,
    outcome:
      outcome.status === 'ok'
        ? { status: 'ok', value: fromEncoded(outcome.value) }
        : { status: 'refused', refusal: fromEncoded(outcome.refusal) },
    committed: index <= committed,
    branch,
    index,
    term,
  }
}
