import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, readdirSync } from 'node:fs'
import { renameSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DiskError } from '@tanist/core'
import { errno, guarded } from './errors.js'
import { isAlive, ownIdentity } from './process-identity.js'
import type { ProcessIdentity } from './process-identity.js'

/*
 * The lock of a folder: a file `lock` that names its owner, created by `link` and therefore by one process only.
 *
 * A lock whose owner is dead is never removed to make room, because the one that removes it may be late and
 * remove the lock of the next owner. Instead there is exactly one successor of each owner: whoever creates
 * `lock-<token of the dead owner>`. It then looks again whether that owner still stands in `lock`, and only then
 * puts itself there by `rename`. A late one finds another owner there and steps back. A successor that dies
 * before its rename has a successor in the same manner.
 */

interface Owner extends ProcessIdentity {
  readonly token: string
}

const lockName = 'lock'

export function isLockName(name: string): boolean {
  return name === lockName || name.startsWith(`${lockName}-`)
}

export interface FolderLock {
  release(): void
}

/** Whom the lock asks about processes. Tests let others run in `pause`, which comes before each look at the files. */
export interface LockWorld {
  readonly self: ProcessIdentity
  isAlive(one: ProcessIdentity): boolean
  pause(): void
}

const thisMachine = (): LockWorld => ({ self: ownIdentity(), isAlive, pause: () => undefined })

/** Throws `DiskError` with code `locked` when a living process, this one included, holds the folder. */
export function lockFolder(folder: string, world: LockWorld = thisMachine()): FolderLock {
  const me: Owner = { ...world.self, token: randomBytes(16).toString('hex') }
  const draft = join(folder, `${lockName}-new-${me.token}`)
  const lock = join(folder, lockName)
  guarded(`lock the folder ${folder}`, () => {
    writeDraft(draft, me)
    try {
      take(folder, draft, me, world)
      sweep(folder, me, world)
    } finally {
      removeIfThere(draft)
    }
  })
  return {
    release() {
      if (readOwner(lock)?.token === me.token) removeIfThere(lock)
    },
  }
}

/** Synced, lest a power cut leave a lock without its owner's name. */
function writeDraft(path: string, owner: Owner): void {
  const fd = openSync(path, 'wx', 0o600)
  try {
    writeFileSync(fd, JSON.stringify(owner))
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

function take(folder: string, draft: string, me: Owner, world: LockWorld): void {
  for (;;) {
    const end = walk(folder, world)
    if (end.owner !== undefined) throw locked(folder, end.owner)
    const mine = join(folder, end.free)
    world.pause()
    if (!linked(draft, mine)) continue
    if (end.free === lockName) return
    const again = walk(folder, world)
    if (again.owner?.token === me.token) {
      world.pause()
      renameSync(draft, join(folder, lockName))
      world.pause()
      removeIfThere(mine)
      return
    }
    world.pause()
    removeIfThere(mine)
  }
}

/** Follows the owners from `lock` to the first that lives, or to the name that nobody has taken. */
function walk(folder: string, world: LockWorld): { owner: Owner } | { owner: undefined; free: string } {
  let name = lockName
  for (;;) {
    world.pause()
    const owner = readOwner(join(folder, name))
    if (owner === undefined) return { owner, free: name }
    if (world.isAlive(owner)) return { owner }
    name = `${lockName}-${owner.token}`
  }
}

/** Removes what dead processes left. Only tidying: a draft that is being written just now is left alone. */
function sweep(folder: string, me: Owner, world: LockWorld): void {
  for (const name of readdirSync(folder)) {
    if (name === lockName || !isLockName(name)) continue
    try {
      world.pause()
      const owner = readOwner(join(folder, name))
      if (owner !== undefined && owner.token !== me.token && !world.isAlive(owner))
        removeIfThere(join(folder, name))
    } catch {
      // Stays for the next sweep.
    }
  }
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if (errno(error) === 'EEXIST') return false
    throw error
  }
}

/** Undefined when there is no such file. A lock file that we did not write stops everything, with a sentence. */
function readOwner(path: string): Owner | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (errno(error) === 'ENOENT') return undefined
    throw error
  }
  const owner = parseOwner(text)
  if (owner !== undefined) return owner
  throw new DiskError(
    'locked',
    `The lock file ${path} is damaged. Make sure that no process uses the folder, then remove it.`,
  )
}

function parseOwner(text: string): Owner | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  if (!('pid' in value && 'start' in value && 'token' in value)) return undefined
  const { pid, start, token } = value
  if (typeof pid !== 'number' || typeof start !== 'string' || typeof token !== 'string') return undefined
  return /^[0-9a-f]{32}$/.test(token) ? { pid, start, token } : undefined
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path)
  } catch (error) {
    if (errno(error) !== 'ENOENT') throw error
  }
}

function locked(folder: string, owner: Owner): DiskError {
  const who = owner.pid === process.pid ? `this process (pid ${owner.pid})` : `the process ${owner.pid}`
  return new DiskError(
    'locked',
    `The folder ${folder} is in use by ${who}. Stop that process, or give this peer another data folder.`,
  )
}
