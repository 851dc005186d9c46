import { DiskError, JournalError, openJournal, openRegister, openSnapshots } from '@tanist/core'
import type { Folder, Hello, Host, Journal, Link, Register, Snapshots } from '@tanist/core'
import { createRoleHost } from '../role/index.js'
import type { RoleHost } from '../role/index.js'
import { foundingOf } from '../succession/index.js'
import type { Founding } from '../succession/index.js'
import { PeerCore } from './core.js'
import { JoinError } from './errors.js'
import type { Base } from './group.js'
import { nextLife, parseIdentity } from './identity.js'
import type { Identity } from './identity.js'
import { checkSettings } from './settings.js'
import type { CheckedSettings, PeerSettings } from './settings.js'
import { Slices } from './slices.js'
import { readSnapshotMeta } from './snapshot-file.js'
import { restoreSnapshot } from './snapshots.js'
import { SyncGate } from './sync-gate.js'

export const PROTOCOL = 1

/**
 * Opens the data folder, begins a new incarnation on disk, binds the address and makes the peer. `done` gets
 * either a `JoinError` (nothing on disk was changed but, at most, the incarnation) or a peer that has begun
 * to look for its cluster.
 */
export function openPeer(
  host: Host,
  settings: PeerSettings,
  done: (error: JoinError | null, peer: PeerCore | null) => void,
): void {
  let opened: Opened
  try {
    opened = openFiles(host, checkSettings(settings))
  } catch (error) {
    done(asJoinError(error), null)
    return
  }
  const { identity, life } = opened
  const fail = (error: unknown): void => {
    close(opened)
    done(asJoinError(error), null)
  }
  restoreBase(host, opened, (problem, base) => {
    if (problem) return fail(problem)
    identity.save(life, (error) => {
      if (error) return fail(error)
      // What was read may still be in the system's cache only: it counts once it is on disk.
      opened.journal.append([], (unsynced) =>
        unsynced ? fail(unsynced) : listen(host, { ...opened, base }, done),
      )
    })
  })
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
  readonly identity: Register<Identity>
  readonly life: Identity
}

function openFiles(host: Host, settings: CheckedSettings): Opened {
  const folder = host.disk.openFolder(settings.data)
  const gate = new SyncGate(host.engine, 'journal')
  try {
    const gated = gate.folder(folder)
    const identity = openRegister<Identity>(gated, 'identity', parseIdentity)
    const snapshots = openSnapshots(gated, { log: host.log })
    const base = snapshots.whole.at(-1)
    const journal = openJournal(gated, {
      log: host.log,
      // Only whole segments can go.
      segmentBytes: Math.ceil(settings.snapshots.bytes / 2),
      ...(base && { base }),
    })
    const founding = readFounding(snapshots, journal)
    checkOwner(settings, identity.value, founding)
    return {
      settings,
      folder,
      gate,
      snapshots,
      journal,
      founding,
      roles: createRoleHost(settings.roles, { log: host.log }),
      identity,
      life: nextLife(identity.value, settings.app, host.random),
    }
  } catch (error) {
    gate.stop()
    folder.close()
    throw error
  }
}

function readFounding(snapshots: Snapshots, journal: Journal): Founding | null {
  const base = snapshots.whole.at(-1)
  if (base) return readSnapshotMeta(snapshots, base).meta.founding
  const [first] = journal.lastIndex > 0 ? journal.read(1, 1) : []
  return first ? foundingOf(first) : null
}

/** A folder belongs to one application and one mode for ever. */
function checkOwner(
  { app, mode, data }: CheckedSettings,
  identity: Identity | undefined,
  founding: Founding | null,
): void {
  if (identity && identity.app !== app) {
    throw new JoinError(
      'data',
      `The data folder ${data} belongs to the application "${identity.app}", not to "${app}"; give this peer a folder of its own.`,
    )
  }
  if (!identity && founding) {
    throw new JoinError(
      'data',
      `The data folder ${data} has a journal but no identity; restore the file "identity" or start with an empty folder.`,
    )
  }
  if (!founding || founding.mode === mode) return
  throw new JoinError(
    'data',
    `The cluster in ${data} was founded with mode '${founding.mode}'; start this peer with the same mode, not '${mode}'.`,
  )
}

function listen(
  host: Host,
  opened: Opened & { readonly base: Base | null },
  done: (error: JoinError | null, peer: PeerCore | null) => void,
): void {
  const { settings, life } = opened
  let peer: PeerCore | null = null
  const listener = host.network.listen(settings.listen, {
    listening: (address) => {
      const self = helloOf(settings, life, address, opened.founding)
      peer = new PeerCore({ host, listener, self, ...opened })
      done(null, peer)
      peer.start()
    },
    accept: (link: Link) => {
      if (peer) return peer.accept(link)
      link.close('starting', 'this peer is not ready yet')
      return { opened: () => {}, frame: () => {}, closed: () => {} }
    },
    failed: ({ text }) => {
      if (peer) return peer.listenerLost(text)
      close(opened)
      done(new JoinError('listen', text), null)
    },
  })
}

function helloOf(settings: CheckedSettings, life: Identity, bound: string, founding: Founding | null): Hello {
  const address = settings.advertise ?? bound
  return {
    protocol: PROTOCOL,
    memberId: life.memberId,
    incarnation: life.incarnation,
    name: settings.name ?? address,
    address,
    clusterId: founding?.clusterId ?? null,
    mode: settings.mode,
    known: [],
  }
}

function close({ snapshots, journal, identity, folder, gate }: Opened): void {
  journal.close(() => {
    snapshots.close()
    identity.close()
    folder.close()
    gate.stop()
  })
}

function asJoinError(error: unknown): JoinError {
  if (error instanceof JoinError) return error
  if (error instanceof DiskError || error instanceof JournalError)
    return new JoinError('data', error.message, error)
  return new JoinError('broken', String(error), error)
}
