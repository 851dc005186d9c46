// Links of processes that are no members, on a member in the simulated world: strays and trusted clients.
import { encodeFrame, encodeValue, toEncoded } from '@tanist/core'
import { Desk } from '../../../dist/gateway/desk.js'
import { Speakers } from '../../../dist/gateway/authenticate.js'
import { EventStreams } from '../../../dist/peer/event-streams.js'
import { Lives } from '../../../dist/peer/lives.js'
import { ledger } from '@tanist/singleton/testing'
import { Finding } from '../campaign.mjs'
import { below, mutateBytes, mutateJson, pick } from '../mutate.mjs'
import { anyValue } from './codec.mjs'
import { goOn, recorded, standing } from './peer.mjs'

const ID = '0123456789abcdef'.repeat(2)
const hello = {
  t: 'hello',
  protocol: 1,
  app: 'fuzz',
  client: ID,
  name: 'fuzzer',
  token: null,
  roles: ['ledger'],
}

/** What clients say; nothing of it changes the ledger when it is not spoilt. */
function words(random) {
  const seq = 1 + below(random, 50)
  const call = { t: 'call', session: `${ID}:1`, seq, floor: 1, attempt: 1, deadlineMs: 5_000 }
  const n = below(random, 20)
  return pick(random, [
    hello,
    { ...call, role: 'ledger', command: 'refuseMe', input: toEncoded({ id: 'x' }) },
    { ...call, role: 'ledger', command: 'refuseMe', input: toEncoded(anyValue(random)) },
    { ...call, role: 'nothing', command: 'x', input: null },
    { t: 'cancel', session: `${ID}:1`, seq },
    { t: 'read', n, role: 'ledger', deadlineMs: 1_000, consistency: 'linearizable', maxStaleMs: null },
    { t: 'read', n, role: 'ledger', deadlineMs: 1_000, consistency: 'local', maxStaleMs: 100 },
    { t: 'watch', n, role: 'ledger', after: null },
    { t: 'watch', n, role: 'ledger', after: { index: 3, n: 0, branch: 'x' } },
    { t: 'unwatch', n },
    { t: 'manifest', n },
    { t: 'pong' },
    { t: 'ping' },
    { t: 'bye' },
  ])
}

function drawFrame(random) {
  const body = words(random)
  const how = random.next()
  const frame = (one) => encodeFrame([{ channel: 'c', body: one }])
  if (how < 0.25) return frame(body)
  if (how < 0.5) return mutateBytes(frame(body), random)
  if (how < 0.55) return encodeFrame([{ channel: 'c', body, data: encodeValue(anyValue(random)) }])
  return frame(mutateJson(body, random))
}

export const clients = {
  name: 'clients',
  share: 0.08,
  open: (seed) => {
    const office = recorded(`fuzz/${seed}`)
    const { cluster, workload, hosts } = office
    const node = cluster.names[0]
    const host = hosts.get(node)
    const keys = { used: '00000000', mac: () => null }
    const desk = new Desk({
      host,
      app: 'fuzz',
      roles: [ledger],
      speakers: new Speakers(null, keys, host.log),
      addressOn: () => (member) => member.address,
      manifest: () => ({ tanist: 1 }),
    })
    const lives = new Lives(cluster.peer(node))
    desk.begin(lives, new EventStreams(lives, host.timers))
    const before = standing(cluster)
    let links = 0
    let line = null
    const dial = () => {
      const level = links % 2 === 0 ? 'stray' : 'trusted'
      const open = { level, closed: null, sent: 0 }
      const link = {
        remote: `10.0.0.${links % 250}:1`,
        bufferedBytes: 0,
        send: (bytes) => (open.sent += bytes.length),
        close: (code = '', reason = '') => (open.closed ??= { code, reason }),
      }
      const caller = { level, layer: 'main', host: `10.${(links >> 8) & 255}.${links & 255}.1` }
      open.handlers = desk.accept(link, caller)
      // Nine in ten say hello first.
      if (links++ % 10 > 0) open.handlers.frame(encodeFrame([{ channel: 'c', body: hello }]))
      return open
    }
    return {
      draw: (random) => ({ bytes: drawFrame(random) }),
      take: ({ bytes }) => {
        line ??= dial()
        line.handlers.frame(bytes)
        cluster.world.run({ forMs: 1 })
        if (line.closed === null) return 'taken'
        const { code, reason } = line.closed
        // Whoever says bye needs no words.
        if (code === '' || (reason === '' && code !== 'bye'))
          throw new Finding('code', `a link was closed without a word: ${JSON.stringify(line.closed)}`)
        line.handlers.closed({ kind: 'local' })
        line = null
        return 'refused'
      },
      settle: () => {
        line?.handlers.closed({ kind: 'remote', code: '', reason: '' })
        line = null
        cluster.world.run({ forMs: 200 })
        if (cluster.ended.length > 0)
          throw new Finding('end', `a peer ended: ${cluster.ended[0].error?.message}`)
        if (standing(cluster) !== before)
          throw new Finding('state', `${before} has become ${standing(cluster)}`)
        const { inFlight, watches, stray, trusted } = desk.status()
        if (inFlight + watches + stray + trusted > 0)
          throw new Finding('memory', `something of ended links is left: ${JSON.stringify(desk.status())}`)
      },
      verify: () => goOn(cluster, workload),
    }
  },
}
