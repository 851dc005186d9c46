// One of two members: it has an actor that sums up, and tells and asks that of the other.
import { actor, refText, reply } from '@tanist/core'
import { startPeer } from '@tanist/singleton'
import { given, onRequest, ready } from '../succession/answer.mjs'
import { perSecond } from './stopwatch.mjs'

const log = { write: () => {} }
const peer = await startPeer({ app: 'bench', log, roles: [], ...given })

const counter = actor({
  state: () => 0,
  on: {
    add: (n, { by }) => n + by,
    get: (n) => reply(n, n),
  },
})

/** Tells in rows of `inRow`, each ended by an ask, so that no more wait on the way. */
async function tell(ref, messages, inRow) {
  const before = await ref.ask.get()
  const rate = await perSecond(messages, async () => {
    for (let n = 0; n < messages; n++) {
      ref.tell.add({ by: 1 })
      if (n % inRow === 0) await ref.ask.get()
    }
    const lost = before + messages - (await ref.ask.get())
    if (lost !== 0) throw new Error(`${lost} messages did not arrive`)
  })
  return rate
}

async function ask(ref, messages) {
  return perSecond(messages, async () => {
    for (let n = 0; n < messages; n++) await ref.ask.get()
  })
}

onRequest(async (request) => {
  if (peer.actors === undefined) return null
  if (request.do === 'members') return peer.status().members.length
  if (request.do === 'spawn') return refText(peer.actors.spawn(counter, 'counter'))
  const ref = peer.actors.resolve(request.ref)
  if (request.do === 'tell') return tell(ref, request.messages, request.inRow)
  return ask(ref, request.messages)
})
ready()
