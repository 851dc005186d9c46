import { hearsDirectly, limitMs } from './doubts.js'
import { emit, quietMs, type Step } from './state.js'

/**
 * "It is me": whoever hears no other member at all, in a view of three or more, takes its own network for gone. Not
 * while any dial is answered, be it by a refusal: then the network works, and it is the others that are gone. Once
 * its host finds no way to anybody there is nothing to wait for.
 */
export function checkCutOff(s: Step): void {
  const { state } = s
  const { suspicion } = state
  const cutOff = state.view.length >= 3 && state.index.byId.has(state.self.memberId) && isDeaf(s)
  if (cutOff === suspicion.cutOff) return
  suspicion.cutOff = cutOff
  const text = cutOff ? cutOffText(s) : 'other members are heard again'
  emit(s, { kind: 'cut-off', cutOff, text })
}

function isDeaf(s: Step): boolean {
  const { state } = s
  const { answeredMs, unreachableMs } = state.suspicion
  let heardMs = Number.NEGATIVE_INFINITY
  let linked = false
  for (const [id, peer] of state.peers) {
    if (id === state.self.memberId || !state.index.byId.has(id)) continue
    if (hearsDirectly(s, id)) return false
    linked ||= peer.link !== null
    heardMs = Math.max(heardMs, peer.heardMs)
  }
  if (answeredMs > heardMs && quietMs(s, answeredMs) <= 2 * limitMs(s, undefined)) return false
  if (!linked && unreachableMs > Math.max(heardMs, answeredMs)) return true
  return quietMs(s, heardMs) > limitMs(s, undefined)
}

function cutOffText(s: Step): string {
  const { answeredMs, unreachableMs } = s.state.suspicion
  const others = s.state.view.length - 1
  const why =
    unreachableMs > answeredMs
      ? 'this host has no way to them, its own network is gone'
      : 'they are off, or the network of this peer is gone'
  return `none of the ${others} other members is heard: ${why}`
}
