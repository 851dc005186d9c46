import { DiskError, JournalError, openJournal, openRegister, openSnapshots } from '@tanist/core'
import type { Folder, Hello, Host, Journal, Link, Register, Snapshots } from '@tanist/core'
import { createRoleHost, hashOfReads, readsOf } from '../role/index.js'
import type { RoleHost } from '../role/index.js'
import {
  clusterSettings,
  differenceFrom,
  foundingOf,
  settingsAtFounding,
  settingsInHello,
} from '../succession/index.js'
import type { Founding } from '../succession/index.js'
import { countersOf } from '../singleton/index.js'
import { PeerActors } from './actors.js'
import { PeerCore } from './core.js'
import { JoinError } from './errors.js'
import { Finding } from './finding.js'
import type { Look } from './finding.js'
import type { Base } from './group.js'
import type { ClientDesk } from './clients.js'
import { advertised } from './own-address.js'
import { nextLife, parseIdentity } from './identity.js'
import type { Identity } from './identity.js'
import { identityAfterLoss, isJournalFile, journalReaches, logLoss, lossIn, setAside } from './repair.js'
import { Meters } from './meters.js'
import { checkSettings } from './settings.js'
import type { CheckedSettings, PeerSettings } from './settings.js'
import { Slices } from './slices.js'
import { readSnapshotMeta } from './snapshot-file.js'
import { restoreSnapshot } from './snapshots.js'
import { SyncGate } from './sync-gate.js'

export const PROTOCOL = 1

/** Recent entries in memory, some 1,000 of 300 bytes: a follower further behind is served from the file. */
const CACHE_BYTES = 512 * 1024

/**
 * Opens the data folder, begins a new incarnation on disk, binds the address and makes the peer. `done` gets
 * either a `JoinError` (nothing on disk was changed but, at most, the incarnation) or a peer that has begun
 * to look for its cluster, by its seeds and by `look`. It is called once more for each further identity: a peer that had to set entries aside
 * ends with the event `reborn`, and another one goes on with the same folder and address.
 */
export function openPeer(
  host: Host,
  settings: PeerSettings,
  done: (error: JoinError | null, peer: PeerCore | null) => void,
  look: Look | null = null,
  desk: ClientDesk | null = null,
): void {
  openLife(host, settings, (error, opened) => {
    if (opened) listen(host, opened, settings, done, look, desk)
    else done(error, null)
  })
}

function openLife(
  host: Host,
  settings: PeerSettings,
  done: (error: JoinError | null, opened: Opened | null) => void,
): void {
  let files: Files
  try {
    files = openFiles(host, checkSettings(settings))
  } catch (error) {
    done(asJoinError(error), null)
    return
  }
  const { identity, life } = files
  const fail = (error: unknown): void => {
    close(files)
    done(asJoinError(error), null)
  }
  const restore = (opened: Opened): void =>
    restoreBase(host, opened, (problem, base) => (problem ? fail(problem) : done(null, { ...opened, base })))
  const dropped = (opened: Opened): void => {
    if (life.dropFrom === undefined) return restore(opened)
    const { dropFrom: _, ...rest } = life
    identity.save(rest, (error) => (error ? fail(error) : restore(opened)))
  }
  identity.save(life, (error) => {
    if (error) return fail(error)
    if (!(files.journal instanceof JournalError)) return settle({ ...files, journal: files.journal })
    // The new identity is on the disk: whatever a power cut leaves of the renames, nobody votes with it.
    try {
      files.aside.push(...setAside(files.folder, isJournalFile))
      const journal = files.openJournal()
      files.journal = journal
      settle({ ...files, journal })
    } catch (broken) {
      fail(broken)
    }
  })
  const settle = (opened: Opened): void => {
    if (life.lost && life.incarnation === 1)
      logLoss(host.log, life.lost, life.memberId, files.folder.path, files.aside)
    // What was read may still be in the system's cache only: it counts once it is on disk.
    opened.journal.append([], (unsynced) => (unsynced ? fail(unsynced) : dropped(opened)))
  }
}

/** The roles begin with the newest whole snapshot. */
function restoreBase(
  host: Host,
  { snapshots, roles, settings }: Opened,
  done: (problem: JoinError | null, base: Base | null) => void,
): void {
  const id = snapshots.whole.at(-1)
  if (!id) return done(null, null)
  const restoring = restoreSnapshot(snapshots, roles, id)
  new Slices(host).run(() => {
    const restored = restoring()
    if (restored === null) return false
    if ('error' in restored) {
      const text = `The snapshot of entry ${id.index} in ${settings.data} cannot be read: ${restored.error}.`
      done(new JoinError('data', text), null)
    } else done(null, { meta: restored.meta, digest: restored.restore.finish() })
    return true
  })
}

interface Opened {
  readonly settings: CheckedSettings
  readonly folder: Folder
  readonly gate: SyncGate
  readonly snapshots: Snapshots
  readonly journal: Journal
  readonly founding: Founding | null
  readonly roles: RoleHost
  /** What the roles were restored from. */
  readonly base: Base | null
  readonly identity: Register<Identity>
  readonly life: Identity
}

interface Files extends Omit<Opened, 'journal'> {
  journal: Journal | JournalError
  readonly openJournal: () => Journal
  /** Damaged files, by their new names. */
  readonly aside: string[]
}

/** The second copy of a vote is written when the haste in which it was given is over. */
const CALM_MS = 100

function openFiles(host: Host, settings: CheckedSettings): Files {
  const folder = host.disk.openFolder(settings.data)
  const gate = new SyncGate(host.engine, 'journal')
  const aside: string[] = []
  try {
    const gated = gate.folder(folder)
    const { app, data } = settings
    const openIdentity = (): Register<Identity> =>
      openRegister<Identity>(gated, 'identity', parseIdentity, {
        whenCalm: (write) => void host.timers.set(CALM_MS, write),
      })
    const found = unlessDamaged(openIdentity)
    if (found instanceof JournalError) aside.push(...setAside(folder, (name) => name === 'identity'))
    const identity = found instanceof JournalError ? openIdentity() : found
    const snapshots = openSnapshots(gated, { log: host.log })
    const base = snapshots.whole.at(-1)
    // Only whole segments can go.
    const segmentBytes = Math.ceil(settings.snapshots.bytes / 2)
    const options = {
      log: host.log,
      segmentBytes,
      cacheBytes: CACHE_BYTES,
      rewrite: true,
      ...(base && { base }),
    }
    const open = (least: number): Journal => openJournal(gated, { ...options, least })
    const journal = unlessDamaged(() => open(journalReaches(identity.value)))
    if (!(journal instanceof JournalError)) dropWhatWasSetAside(journal, snapshots, identity.value?.dropFrom)
    const founding = readFounding(snapshots, journal)
    checkOwner(settings, identity.value, founding)
    checkEvicted(settings, identity.value)
    const text = found instanceof JournalError ? found.message : lossIn(folder, identity.value, journal)
    const life =
      text === null
        ? nextLife(identity.value, app, host.random)
        : identityAfterLoss(
            { text, folder: data, clusterId: clusterOf(founding, identity.value) },
            identity.value,
            app,
            host.random,
          )
    const roles = createRoleHost(settings.roles, { log: host.log, sessionMs: settings.sessionMs })
    const files = { settings, folder, gate, snapshots, journal, founding, roles, base: null, identity, life }
    return { ...files, openJournal: () => open(0), aside }
  } catch (error) {
    gate.stop()
    folder.close()
    throw error
  }
}

function unlessDamaged<T>(open: () => T): T | JournalError {
  try {
    return open()
  } catch (error) {
    if (error instanceof JournalError && error.code === 'damaged') return error
    throw error
  }
}

function readFounding(snapshots: Snapshots, journal: Journal | JournalError): Founding | null {
  const base = snapshots.whole.at(-1)
  if (base) return readSnapshotMeta(snapshots, base).meta.founding
  if (journal instanceof JournalError || journal.firstIndex > 1) return null
  const [first] = journal.read(1, 1)
  return first ? foundingOf(first) : null
}

function clusterOf(founding: Founding | null, identity: Identity | undefined): string | null {
  return founding?.clusterId ?? identity?.clusterId ?? identity?.lost?.clusterId ?? null
}

/** Who was evicted comes back only when somebody wants it. */
function checkEvicted({ rejoin }: CheckedSettings, identity: Identity | undefined): void {
  if (identity?.evicted !== undefined && !rejoin) throw new JoinError('evicted', identity.evicted)
}

/** A folder belongs to one application, and to one cluster with its settings, for ever. */
function checkOwner(
  settings: CheckedSettings,
  identity: Identity | undefined,
  founding: Founding | null,
): void {
  const { app, data } = settings
  if (identity && identity.app !== app) {
    throw new JoinError(
      'data',
      `The data folder ${data} belongs to the application "${identity.app}", not to "${app}"; give this peer a folder of its own.`,
    )
  }
  if (!founding) return
  const text = differenceFrom(settingsAtFounding(founding), clusterSettings(settings))
  if (text !== null) throw new JoinError('data', `The data folder ${data} cannot be used: ${text}.`)
}

function dropWhatWasSetAside(journal: Journal, snapshots: Snapshots, from: number | undefined): void {
  if (from === undefined) return
  for (const { index } of [...snapshots.whole]) if (index >= from) snapshots.remove(index)
  const base = snapshots.whole.at(-1) ?? { index: 0, term: 0 }
  if (journal.firstIndex > base.index + 1) journal.reset(base.index, base.term)
  else if (from <= journal.lastIndex) journal.truncateFrom(from)
}

function listen(
  host: Host,
  first: Opened,
  given: PeerSettings,
  done: (error: JoinError | null, peer: PeerCore | null) => void,
  look: Look | null,
  desk: ClientDesk | null,
): void {
  const { settings } = first
  let peer: PeerCore | null = null
  const actors = new PeerActors(host, `${first.settings.data}/actors`)
  const counters = countersOf(host, () => actors.system, first.settings.singletons)
  const names = settings.roles.map(({ name }) => name)
  // A peer that goes on under another identity says what it said before.
  const says = { about: settings.about }
  const meters = new Meters(names, settings.telemetry, host.log)
  const finding = look && new Finding(host, look, settings)
  // One listener for all identities of this process: the address stays, and nobody else can take it.
  const begin = (opened: Opened, address: string): void => {
    const { rejoins = [] } = opened.life
    const seeds = [...new Set([...opened.settings.seeds, ...rejoins])]
    const self = helloOf(host, opened.settings, opened.life, address, opened.founding)
    const core = new PeerCore({
      host,
      listener,
      actors,
      counters,
      meters,
      says,
      desk,
      finding,
      self,
      ...opened,
      settings: { ...opened.settings, seeds },
    })
    peer = core
    core.observe((event) => {
      if (event.kind !== 'reborn') return
      peer = null
      openLife(host, given, (error, next) => {
        if (next) return begin(next, address)
        listener.close()
        finding?.stop(false)
        core.rebirthFailed(error)
      })
    })
    done(null, core)
    core.start()
    finding?.follow(core, address, [...new Set([...seeds, ...core.rememberedAddresses])])
  }
  const listener = host.network.listen(settings.listen, {
    listening: (address) => begin(first, address),
    accept: (link: Link) => {
      if (peer) return peer.accept(link)
      link.close('starting', 'this peer is not ready yet')
      return { opened: () => {}, frame: () => {}, closed: () => {} }
    },
    ...(desk && { client: (link, caller) => desk.accept(link, caller) }),
    failed: ({ text }) => {
      if (peer) return peer.listenerLost(text)
      close(first)
      done(new JoinError('listen', text), null)
    },
  })
}

function helloOf(
  host: Host,
  settings: CheckedSettings,
  life: Identity,
  bound: string,
  founding: Founding | null,
): Hello {
  const address = advertised(host, settings, bound)
  return {
    protocol: PROTOCOL,
    memberId: life.memberId,
    incarnation: life.incarnation,
    name: settings.name ?? address,
    address,
    // Whoever lost the journal of a cluster is refused by all others.
    clusterId: clusterOf(founding, life),
    mode: settings.mode,
    actors: true,
    known: [],
    ...settings.announced,
    reads: hashOfReads(readsOf(settings.roles)),
    settings: settingsInHello(clusterSettings(settings)),
  }
}

function close({ snapshots, journal, identity, folder, gate }: Files | Opened): void {
  const rest = (): void => {
    snapshots.close()
    identity.close()
    folder.close()
    gate.stop()
  }
  if (journal instanceof JournalError) rest()
  else journal.close(rest)
}

export function asJoinError(error: unknown): JoinError {
  if (error instanceof JoinError) return error
  if (error instanceof DiskError || error instanceof JournalError)
    return new JoinError('data', error.message, error)
  return new JoinError('broken', String(error), error)
}
