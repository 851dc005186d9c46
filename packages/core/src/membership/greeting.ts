import { drop, refuse, settle } from './linking.js'
import { greet, learn } from './incarnation.js'
import { decideHeldOf } from './moved.js'
import { emit, movePeer, type LinkRow, type Step } from './state.js'
import { dialAgain } from './targets.js'
import type { Hello } from './types.js'

export function helloArrived(s: Step, row: LinkRow, hello: Hello): void {
  if (row.stage === 'dialling' || row.stage === 'held') return
  const again = row.stage === 'usable'
  const was = row.hello
  if (again && (was?.memberId !== hello.memberId || was.incarnation !== hello.incarnation)) {
    dialAgain(s, was?.address ?? row.remote, s.now - row.sinceMs)
    return lose(s, row, () => drop(s, row, 'protocol', 'a second hello named another peer'))
  }
  row.hello = hello
  const no = mismatch(s.state.self, hello)
  if (no) return lose(s, row, () => refuse(s, row, no.code, no.text))
  if (again) {
    const peer = s.state.peers.get(hello.memberId)
    if (peer) movePeer(s.state, peer, hello.address)
    learn(s, hello)
    if (peer) decideHeldOf(s, peer)
    if (peer?.link === row.id && was && changed(was, hello)) emit(s, { kind: 'up', link: row.id, hello })
    return
  }
  if (hello.memberId === s.state.self.memberId) return sameIdentity(s, row, hello)
  greet(s, row, hello)
}

/** The own hello changed: links that no longer fit end. */
export function reconsider(s: Step): void {
  for (const row of s.state.links.values()) {
    const no = row.hello && mismatch(s.state.self, row.hello)
    if (no) lose(s, row, () => refuse(s, row, no.code, no.text))
  }
}

/** What it knows of others is no news about itself. */
function changed(was: Hello, is: Hello): boolean {
  return (['name', 'address', 'clusterId', 'mode', 'branch'] as const).some((key) => was[key] !== is[key])
}

function lose(s: Step, row: LinkRow, close: () => void): void {
  const peer = row.stage === 'usable' && row.hello ? s.state.peers.get(row.hello.memberId) : undefined
  close()
  if (peer) settle(s, peer)
}

function mismatch(self: Hello, other: Hello): { code: string; text: string } | undefined {
  if (self.protocol !== other.protocol) {
    const text = `${self.name} speaks protocol ${self.protocol}, ${other.name} protocol ${other.protocol}: install the same major version of Tanist on both`
    return { code: 'version', text }
  }
  if (self.clusterId !== null && other.clusterId !== null && self.clusterId !== other.clusterId) {
    const text = `${self.name} belongs to cluster ${self.clusterId}, ${other.name} to cluster ${other.clusterId}: give the two clusters different application names, or start one of them with an empty data folder to join the other`
    return { code: 'cluster', text }
  }
  if (self.mode !== other.mode && !self.witness && !other.witness) {
    const text = `${self.name} was started with mode '${self.mode}', ${other.name} with mode '${other.mode}': give both the same mode`
    return { code: 'mode', text }
  }
  for (const [key, value] of Object.entries(self.settings ?? {})) {
    const theirs = other.settings?.[key]
    if (theirs === undefined || theirs === value) continue
    const text = `${self.name} was started with ${key} ${value}, ${other.name} with ${key} ${theirs}: give both the value that their cluster was founded with`
    return { code: 'settings', text }
  }
  return undefined
}

function sameIdentity(s: Step, row: LinkRow, hello: Hello): void {
  const { self, targets, moved } = s.state
  const own = hello.address === self.address || moved.former.has(hello.address)
  if (own && hello.incarnation === self.incarnation) {
    const t = row.out ? targets.get(row.remote) : undefined
    if (t) t.self = true
    return drop(s, row, 'self', 'a peer does not link itself')
  }
  const text = `another process runs with the identity of ${self.name} (member ${self.memberId}) at ${hello.address}: stop one of them, or give it a data folder of its own`
  refuse(s, row, 'identity', text)
}
