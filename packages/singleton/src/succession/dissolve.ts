import type { Address, Hello, MemberId } from '@tanist/core'
import { isHere } from './continue.js'
import { setAside } from './set-aside.js'
import type { Succession, Turn } from './state.js'
import { nameOf, note, send } from './state.js'

/** No command is in this journal, committed or not. Whatever was acknowledged is on peers that are not fresh. */
export function isFresh(s: Succession): boolean {
  return s.founding !== null && s.firstCommand === null
}

/**
 * Two clusters of one application meet. One that never had a command dissolves and joins the other; of two such
 * ones the higher cluster id. Each peer judges by its own journal only, so that no copy of a command is ever
 * thrown away. Else both serve on, and say so.
 */
export function onForeignCluster(t: Turn, hello: Hello): void {
  const { s } = t
  const { clusterId, address, fresh = false } = hello
  const own = s.founding?.clusterId
  if (own === undefined || clusterId === null || clusterId === own || s.leaving || s.left) return
  if (isFresh(s) && (!fresh || own > clusterId) && hello.mode === s.founding?.mode) {
    // A follower leaves it to its leader.
    if (s.role.kind === 'leader' || s.leader === null) dissolve(t, address, hello.name)
    return
  }
  if (fresh || s.meetings.clusters.has(clusterId)) return
  s.meetings.clusters.set(clusterId, address)
  const text = `${hello.name} at ${address} serves another cluster of this application (${clusterId.slice(0, 8)}). Both have work of their own and go on: give one of them another application name, or its peers empty data folders.`
  note(t, 'clusters-met', text, { clusterId, address })
}

function dissolve(t: Turn, towards: Address, name: string): void {
  const { s } = t
  if (s.role.kind === 'leader') {
    for (const id of s.links.keys()) if (isHere(s, id)) send(t, id, { t: 'dissolve', towards })
  }
  const text = `This cluster never had a command; it dissolves and joins the one of ${name}.`
  setAside(t, { from: 1, because: 'cluster', text, towards })
}

export function onDissolve(t: Turn, from: MemberId, towards: Address): void {
  const { s } = t
  if (s.leader?.memberId === from && isFresh(s)) dissolve(t, towards, nameOf(s, from))
}
