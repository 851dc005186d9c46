import type { Address, Hello, MemberId } from '@tanist/core'
import { settingsAtFounding, settingsInHello } from './cluster-settings.js'
import { isHere } from './continue.js'
import type { Founding } from './entries.js'
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
  const other = otherSetting(s.founding, hello)
  if (isFresh(s) && (!fresh || own > clusterId) && other === null) {
    // A follower leaves it to its leader.
    if (s.role.kind === 'leader' || s.leader === null) dissolve(t, address, hello.name)
    return
  }
  if ((fresh && other === null) || s.meetings.clusters.has(clusterId)) return
  s.meetings.clusters.set(clusterId, address)
  const why =
    other === null
      ? 'Both have work of their own and go on: give one of them another application name, or its peers empty data folders.'
      : `It was founded with other settings (${other}), so both go on: give all peers the same ones, and those of one cluster empty data folders.`
  const text = `${hello.name} at ${address} serves another cluster of this application (${clusterId.slice(0, 8)}). ${why}`
  note(t, 'clusters-met', text, { clusterId, address })
}

/** Whoever came with this one's settings would be refused there, and would wait for ever. */
function otherSetting(founding: Founding | null, hello: Hello): string | null {
  if (!founding) return null
  if (hello.mode !== founding.mode) return `mode '${hello.mode}', here '${founding.mode}'`
  for (const [key, own] of Object.entries(settingsInHello(settingsAtFounding(founding)))) {
    const theirs = hello.settings?.[key]
    if (theirs !== undefined && theirs !== own) return `${key} ${theirs}, here ${own}`
  }
  return null
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
