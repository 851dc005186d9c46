import type { Entry, Folder } from '@tanist/core'
import { asideFiles, Bundle, commandIn } from '../peer/index.js'
import type { PeerCore } from '../peer/index.js'
import { branch } from '../succession/index.js'

/** A command whose caller was told that it is done. */
export interface Acknowledged {
  /** `SESSION:SEQ`. */
  readonly id: string
  readonly atMs: number
}

/**
 * The laws of runs in which branches may fork and meet: within a branch everything holds as ever, and what was
 * acknowledged anywhere is either in the branch that went on, or set aside on some disk. Watches cores of peers.
 */
export class BranchWatch {
  readonly contradictions: string[] = []
  readonly branches: Set<string> = new Set()
  readonly #entries = new Map<string, string>()
  readonly #servers = new Map<string, string>()
  readonly #acknowledged: Acknowledged[] = []

  /** To be called for each identity of each peer, before it starts. */
  watch(node: string, core: PeerCore): void {
    const { onCommitted, onServe } = core
    core.onCommitted = (entries) => {
      onCommitted?.(entries)
      for (const entry of entries) this.#committed(node, core, entry)
    }
    core.onServe = (token) => {
      onServe?.(token)
      this.#one(this.#servers, `${branch(core.succession)} term ${token.term}`, node, 'two servers in')
    }
  }

  acknowledged(id: string, atMs: number): void {
    this.#acknowledged.push({ id, atMs })
  }

  get acknowledgedCount(): number {
    return this.#acknowledged.length
  }

  /** At the end: `kept` are the ids in the journal of the branch that went on. */
  judge(kept: ReadonlySet<string>, folders: Iterable<Folder>): string[] {
    const aside = new Set<string>()
    for (const folder of folders) for (const id of idsSetAside(folder)) aside.add(id)
    for (const { id } of this.#acknowledged) {
      if (!kept.has(id) && !aside.has(id))
        this.contradictions.push(`${id} was acknowledged and is neither in the journal nor set aside`)
    }
    return this.contradictions
  }

  #committed(node: string, core: PeerCore, entry: Entry): void {
    const tip = branch(core.succession) ?? ''
    this.branches.add(tip)
    const words = `${entry.term} ${entry.kind} ${new TextDecoder().decode(entry.payload)}`
    this.#one(this.#entries, `${tip} position ${entry.index}`, words, `${node} commits another entry at`)
  }

  #one(map: Map<string, string>, key: string, value: string, text: string): void {
    const known = map.get(key)
    if (known === undefined) map.set(key, value)
    else if (known !== value) this.contradictions.push(`${text} ${key}: ${value}, and ${known}`)
  }
}

const fail = (text: string): never => {
  throw new Error(text)
}

/** Ids of the commands in the files that keep what was set aside. */
export function idsSetAside(folder: Folder): string[] {
  const ids: string[] = []
  for (const { name } of asideFiles(folder, fail)) {
    const bundle = new Bundle(folder, name)
    for (const entries of bundle.entries()) {
      for (const entry of entries) {
        const command = commandIn(entry)
        if (command) ids.push(`${command.session}:${command.seq}`)
      }
    }
    bundle.close()
  }
  return ids
}
