import { DiskError, JournalError, openJournal, openRegister } from '@tanist/core'
import type { Folder, Hello, Host, Journal, Link, Register } from '@tanist/core'
import { clusterSettings, differenceFrom, foundingOf, settingsAtFounding } from '../succession/index.js'
import { PeerCore } from './core.js'
import { JoinError } from './errors.js'
import { nextLife, parseIdentity } from './identity.js'
import type { Identity } from './identity.js'
import { checkSettings } from './settings.js'
import type { CheckedSettings, PeerSettings } from './settings.js'
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
  identity.save(life, (error) => {
    if (error) return fail(error)
    // What was read may still be in the system's cache only: it counts once it is on disk.
    opened.journal.append([], (unsynced) => (unsynced ? fail(unsynced) : listen(host, opened, done)))
  })
}

interface Opened {
  readonly settings: CheckedSettings
  readonly folder: Folder
  readonly gate: SyncGate
  readonly journal: Journal
  readonly identity: Register<Identity>
  readonly life: Identity
}

function openFiles(host: Host, settings: CheckedSettings): Opened {
  const folder = host.disk.openFolder(settings.data)
  const gate = new SyncGate(host.engine, 'journal')
  try {
    const gated = gate.folder(folder)
    const identity = openRegister<Identity>(gated, 'identity', parseIdentity)
    const journal = openJournal(gated, { log: host.log })
    checkOwner(settings, identity.value, journal)
    return {
      settings,
      folder,
      gate,
      journal,
      identity,
      life: nextLife(identity.value, settings.app, host.random),
    }
  } catch (error) {
    gate.stop()
    folder.close()
    throw error
  }
}

/** A folder belongs to one application, and to one cluster with its settings, for ever. */
function checkOwner(settings: CheckedSettings, identity: Identity | undefined, journal: Journal): void {
  const { app, data } = settings
  if (identity && identity.app !== app) {
    throw new JoinError(
      'data',
      `The data folder ${data} belongs to the application "${identity.app}", not to "${app}"; give this peer a folder of its own.`,
    )
  }
  if (!identity && journal.lastIndex > 0) {
    throw new JoinError(
      'data',
      `The data folder ${data} has a journal but no identity; restore the file "identity" or start with an empty folder.`,
    )
  }
  const [first] = journal.lastIndex > 0 ? journal.read(1, 1) : []
  if (!first) return
  const text = differenceFrom(settingsAtFounding(foundingOf(first)), clusterSettings(settings))
  if (text !== null) throw new JoinError('data', `The data folder ${data} cannot be used: ${text}.`)
}

function listen(
  host: Host,
  opened: Opened,
  done: (error: JoinError | null, peer: PeerCore | null) => void,
): void {
  const { settings, life } = opened
  let peer: PeerCore | null = null
  const listener = host.network.listen(settings.listen, {
    listening: (address) => {
      const self = helloOf(settings, life, address, opened.journal)
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

function helloOf(settings: CheckedSettings, life: Identity, bound: string, journal: Journal): Hello {
  const address = settings.advertise ?? bound
  const [first] = journal.lastIndex > 0 ? journal.read(1, 1) : []
  return {
    protocol: PROTOCOL,
    memberId: life.memberId,
    incarnation: life.incarnation,
    name: settings.name ?? address,
    address,
    clusterId: first ? foundingOf(first).clusterId : null,
    mode: settings.mode,
    known: [],
    settings: settingsInHello(settings),
  }
}

/** By the names of options; the mode has a place of its own. */
function settingsInHello(settings: CheckedSettings): Record<string, number> {
  const { mode: _, minCopies, ...timing } = clusterSettings(settings)
  const named = Object.entries(timing).map(([key, value]) => [`timing.${key}`, value] as const)
  return { minCopies, ...Object.fromEntries(named) }
}

function close({ journal, identity, folder, gate }: Opened): void {
  journal.close(() => {
    identity.close()
    folder.close()
    gate.stop()
  })
}

export function asJoinError(error: unknown): JoinError {
  if (error instanceof JoinError) return error
  if (error instanceof DiskError || error instanceof JournalError)
    return new JoinError('data', error.message, error)
  return new JoinError('broken', String(error), error)
}
