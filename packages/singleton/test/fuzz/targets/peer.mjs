// Real peers in the simulated world, and links to them on which somebody says what members said, but not quite.
import { decodeFrame, encodeFrame } from '@tanist/core'
import {
  checkLaws,
  Cluster,
  contradictionsOf,
  historyOf,
  laws,
  ledgerLaws,
  Workload,
} from '@tanist/singleton/testing'
import { Finding } from '../campaign.mjs'
import { mutateBytes, mutateJson, pick } from '../mutate.mjs'

/** Kept of each kind of message. */
const EACH = 40
/** Who is nobody's member: the laws expect frames that cannot be read from there only. */
const STRANGER = 'stranger1:1'

/** A settled cluster with everything that its members said meanwhile, by kind. */
export function recorded(seed) {
  const said = new Map()
  const accepts = new Map()
  const hosts = new Map()
  const keep = (bytes) => {
    for (const message of decodeFrame(bytes)) {
      const kind = `${message.channel}/${message.body?.t}`
      if (!said.has(kind)) said.set(kind, [])
      if (said.get(kind).length < EACH) said.get(kind).push(message)
    }
  }
  const heard = (handlers) => ({
    ...handlers,
    opened: () => handlers.opened(),
    frame: (bytes) => {
      keep(bytes)
      handlers.frame(bytes)
    },
    closed: (end) => handlers.closed(end),
  })
  const host = (given, node) => {
    hosts.set(node, given)
    return tapped(given, node)
  }
  const tapped = (given, node) => ({
    ...given,
    network: {
      ...given.network,
      dial: (address, handlers, options) => given.network.dial(address, heard(handlers), options),
      listen: (address, handlers, options) => {
        accepts.set(node, (link) => handlers.accept(link))
        return given.network.listen(
          address,
          { ...handlers, accept: (link) => heard(handlers.accept(link)) },
          options,
        )
      },
    },
  })
  const cluster = new Cluster({ seed, peers: 3, strangers: 1, host })
  cluster.startAll()
  const workload = new Workload(cluster, seed)
  if (!cluster.world.runUntil(() => cluster.settled, { limitMs: 30_000 }))
    throw new Error('the cluster did not form')
  workload.start()
  cluster.world.run({ forMs: 3_000 })
  // A server that leaves its office, so that votes and all that are said, too.
  cluster.world.restart(cluster.server())
  cluster.world.run({ forMs: 6_000 })
  workload.stop()
  const over = () => cluster.settled && workload.pending.length === 0
  if (!cluster.world.runUntil(over, { limitMs: 30_000 })) throw new Error('the cluster did not settle')
  return { cluster, workload, said, accepts, hosts }
}

/** What a peer that was not asked to change anything stays. */
export function standing(cluster) {
  return JSON.stringify(
    cluster.names.map((name) => {
      const core = cluster.peer(name)
      const { term, members, server } = core.status()
      return [
        name,
        term,
        server?.name,
        members.map((member) => member.name).toSorted(),
        core.roles.state('ledger').total,
      ]
    }),
  )
}

function lineTo(accept) {
  const line = { closed: null, frame: () => {} }
  const end = (code = '', reason = '') => (line.closed ??= { code, reason })
  const link = { remote: STRANGER, bufferedBytes: 0, send: () => {}, close: end }
  const handlers = accept(link)
  line.frame = (bytes) => handlers.frame(bytes)
  line.hangUp = () =>
    handlers.closed(line.closed ? { kind: 'local' } : { kind: 'remote', code: '', reason: '' })
  return line
}

function drawFrame(random, kinds, said) {
  const message = pick(random, said.get(pick(random, kinds)))
  const how = random.next()
  if (how < 0.3) return mutateBytes(encodeFrame([message]), random)
  const body = mutateJson(message.body, random)
  const changed = { ...message, ...(how < 0.9 && { body }) }
  if (message.data !== undefined && random.next() < 0.4) changed.data = mutateBytes(message.data, random)
  return encodeFrame([changed])
}

/** Somebody's words to three peers, on links that are made anew when they were closed. */
class Lines {
  #line = new Map()
  #accepts
  #greeting

  constructor(accepts, greeting) {
    this.#accepts = accepts
    this.#greeting = greeting
  }

  to(node) {
    let found = this.#line.get(node)
    if (found !== undefined && found.closed === null) return found
    found?.hangUp()
    this.#line.set(node, (found = lineTo(this.#accepts.get(node))))
    const words = this.#greeting()
    if (words !== null) found.frame(words)
    return found
  }

  hangUp() {
    for (const at of this.#line.values()) at.hangUp()
    this.#line.clear()
  }
}

function say({ world }, lines, { to, bytes }) {
  const at = lines.to(to)
  at.frame(bytes)
  // Its turn.
  world.run({ forMs: 0 })
  if (at.closed === null) return 'taken'
  if (at.closed.code === '' || at.closed.reason === '')
    throw new Finding('code', `a link was closed without a word: ${JSON.stringify(at.closed)}`)
  return 'refused'
}

/** Whoever got through the handshake and says what a member says, but never who it is: nothing changes. */
export const peer = {
  name: 'peer',
  share: 0.1,
  open: (seed) => {
    const { cluster, workload, said, accepts } = recorded(`fuzz/${seed}`)
    // A hello is the word by which one becomes a member; whoever may say it may say the rest.
    const kinds = [...said.keys()].filter((kind) => kind !== 'm/hello')
    const lines = new Lines(accepts, () => null)
    const before = standing(cluster)
    return {
      draw: (random) => ({ to: pick(random, cluster.names), bytes: drawFrame(random, kinds, said) }),
      take: (input) => say(cluster, lines, input),
      settle: () => {
        lines.hangUp()
        cluster.world.run({ forMs: 50 })
        if (cluster.ended.length > 0)
          throw new Finding('end', `a peer ended: ${cluster.ended[0].error?.message}`)
        if (standing(cluster) !== before)
          throw new Finding('state', `${before} has become ${standing(cluster)}`)
      },
      verify: () => goOn(cluster, workload),
    }
  },
}

/**
 * A process with the members' key that announces itself and then raves. It is trusted with the meaning of what it
 * says: it may have members evicted. But no peer may break, stall or lose its memory over it.
 */
export const insider = {
  name: 'insider',
  share: 0.02,
  open: (seed) => {
    let offices = 0
    let office = null
    let lines = null
    const open = () => {
      office = recorded(`fuzz/${seed}/${offices++}`)
      const [hello] = office.said.get('m/hello')
      let guests = 0
      lines = new Lines(office.accepts, () => {
        const body = structuredClone(hello.body)
        const memberId = (0x1000 + guests++).toString(16).padStart(32, '0')
        Object.assign(body.hello, { memberId, incarnation: 1, name: 'insider', address: STRANGER })
        return encodeFrame([{ channel: 'm', body }])
      })
    }
    open()
    const look = () => {
      const { ended } = office.cluster
      const broken = ended.find(({ error }) => error === null || error.code === 'broken')
      if (broken !== undefined)
        throw new Finding('end', `a peer broke: ${broken.error?.cause?.stack ?? broken.error?.stack}`)
      return ended.length > 0
    }
    return {
      draw: (random) => ({
        to: pick(random, office.cluster.names),
        bytes: drawFrame(random, [...office.said.keys()], office.said),
      }),
      take: (input) => {
        const said = say(office.cluster, lines, input)
        look()
        return said
      },
      settle: () => {
        lines.hangUp()
        office.cluster.world.run({ forMs: 20 })
        // Whom it had evicted does not come back by itself.
        if (look()) open()
      },
    }
  },
}

/** The cluster still works, and nothing that it did breaks a law. */
export function goOn(cluster, workload) {
  let answer = null
  const core = cluster.peer(cluster.server() ?? cluster.names[0])
  const request = { role: 'ledger', command: 'refuseMe', input: { v: { id: 'after' } }, deadlineMs: 20_000 }
  core.call(request, (outcome) => (answer = outcome))
  cluster.world.runUntil(() => answer !== null, { limitMs: 30_000 })
  if (answer?.status !== 'refused') throw new Finding('end', `no call is answered: ${JSON.stringify(answer)}`)
  const verdicts = checkLaws(historyOf(cluster, workload), [...Object.values(laws), ...ledgerLaws])
  const [broken] = contradictionsOf(verdicts)
  if (broken !== undefined) throw new Finding('law', `${broken.law}: ${broken.text}`)
}
