// One peer that knows nothing but its application's name and a secret, and how long it took to join.
import { startPeer } from '@tanist/singleton'
import { given, onRequest, ready } from '../succession/answer.mjs'
import { bare } from '../succession/bare-role.mjs'

/** On the clock that all processes of a machine share. */
const now = () => performance.timeOrigin + performance.now()

const importedMs = now()
const story = []
const log = { write: (_level, event, text) => void story.push({ atMs: now(), event, text }) }
const peer = await startPeer({ app: 'bench', log, roles: [bare], ...given })
const listeningMs = now()
await peer.joined
ready({ beganMs: performance.timeOrigin, importedMs, listeningMs, joinedMs: now(), story })

onRequest(async (request) => {
  if (request.do === 'leave') return peer.leave().then(() => ({}))
  if (request.do === 'story') return story
  const { clusterId, members, server, waitingFor, discovery } = peer.status()
  return { clusterId, members: members.length, server: server?.name ?? null, waitingFor, discovery }
})
