// A model of memberlist by its published rules, for a fair comparison: SWIM probes in a shuffled round, indirect
// probes with nacks, Lifeguard's suspicion and local health, gossip with a limit of transmissions that also rides on
// every other packet, push-pull. Left out: joining, leaving, encryption, and the TCP ping beside indirect probes,
// which a dead process refuses and which changes nothing while no datagrams are lost.
import { PlainWorld } from '@tanist/core/testing'

/** Its default profile for a local network; times in milliseconds. */
export const LAN = {
  probeMs: 1_000,
  timeoutMs: 500,
  indirect: 3,
  suspicionMult: 4,
  suspicionMaxMult: 6,
  retransmitMult: 4,
  gossipMs: 200,
  gossipNodes: 3,
  gossipToDeadMs: 30_000,
  pushPullMs: 30_000,
  healthMax: 8,
}

const ALIVE = 0
const SUSPECT = 1
const DEAD = 2

/** How long a suspicion lasts after `confirmed` independent confirmations. */
export function suspicionMs(rules, nodes, confirmed) {
  const min = rules.suspicionMult * Math.max(1, Math.log10(Math.max(1, nodes))) * rules.probeMs
  const k = confirmationsWanted(rules, nodes)
  if (k === 0) return min
  const max = rules.suspicionMaxMult * min
  return Math.max(min, max - (Math.log(confirmed + 1) / Math.log(k + 1)) * (max - min))
}

function confirmationsWanted(rules, nodes) {
  const k = rules.suspicionMult - 2
  return nodes - 2 < k ? 0 : k
}

class Node {
  constructor(context, nodes, rules, told) {
    this.context = context
    this.nodes = nodes
    this.rules = rules
    this.told = told
    this.order = null
    this.next = 0
    /** Only who is not simply alive with incarnation 0. */
    this.others = new Map()
    this.incarnation = 0
    this.queue = new Map()
    this.limit = rules.retransmitMult * Math.ceil(Math.log10(nodes + 1))
    this.health = 0
    this.seq = 0
    this.probe = null
    this.relayed = new Map()
  }

  start({ random }) {
    const { probeMs, gossipMs } = this.rules
    this.context.timer('probe', random.next() * probeMs)
    this.context.timer('gossip', random.next() * gossipMs)
    this.context.timer('push', random.next() * this.pushMs())
  }

  pushMs() {
    const scale = this.nodes <= 32 ? 1 : Math.ceil(Math.log2(this.nodes) - Math.log2(32)) + 1
    return this.rules.pushPullMs * scale
  }

  stateOf(id) {
    return this.others.get(id)?.state ?? ALIVE
  }

  // Packets: every one carries what is to be gossiped.

  send(to, message) {
    const news = []
    for (const [about, entry] of this.queue) {
      news.push(entry.news)
      entry.sent += 1
      if (entry.sent >= this.limit) this.queue.delete(about)
    }
    this.context.send(to, { ...message, news })
  }

  message(_context, from, message) {
    for (const news of message.news) this.heard(news)
    switch (message.t) {
      case 'ping':
        if (this.probeOfSuspect(message)) this.refuteOwn()
        return this.send(from, { t: 'ack', seq: message.seq })
      case 'ack':
        return this.acknowledged(from, message.seq)
      case 'ping-req':
        return this.relay(from, message)
      case 'nack':
        if (this.probe?.seq === message.seq) this.probe.nacks += 1
        return undefined
      case 'push':
        this.merge(from, message.rows)
        if (message.answer) this.context.send(from, { t: 'push', rows: this.rows(), answer: false, news: [] })
        return undefined
      default:
        return undefined
    }
  }

  timer(_context, key) {
    if (key === 'probe') return this.nextProbe()
    if (key === 'timeout') return this.askOthers()
    if (key === 'deadline') return this.probeFailed()
    if (key === 'gossip') return this.gossip()
    if (key === 'push') return this.pushPull()
    if (key.startsWith('suspect ')) return this.suspicionOver(Number(key.slice(8)))
    const [, seq] = key.split(' ')
    const asked = this.relayed.get(Number(seq))
    if (asked) this.send(asked.by, { t: 'nack', seq: asked.seq })
    return undefined
  }

  // Probes

  nextProbe() {
    const { probeMs } = this.rules
    // A probe that still runs is waited for; ticks that come meanwhile are lost.
    this.context.timer('probe', probeMs)
    if (this.probe) return
    const target = this.pick()
    if (target === -1) return
    const seq = ++this.seq
    const scaled = probeMs * (this.health + 1)
    this.probe = { target, seq, nacks: 0, asked: 0 }
    this.send(target, { t: 'ping', seq, suspect: this.stateOf(target) === SUSPECT })
    this.context.timer('timeout', this.rules.timeoutMs)
    this.context.timer('deadline', scaled)
  }

  pick() {
    for (let tried = 0; tried < this.nodes; tried++) {
      if (!this.order || this.next >= this.nodes) this.shuffle()
      const id = this.order[this.next++]
      if (id !== this.context.id && this.stateOf(id) !== DEAD) return id
    }
    return -1
  }

  shuffle() {
    this.order ??= Uint16Array.from({ length: this.nodes }, (_, id) => id)
    for (let i = this.nodes - 1; i > 0; i--) {
      const j = Math.floor(this.context.random.next() * (i + 1))
      const kept = this.order[i]
      this.order[i] = this.order[j]
      this.order[j] = kept
    }
    this.next = 0
  }

  acknowledged(from, seq) {
    const asked = this.relayed.get(seq)
    if (asked) {
      this.relayed.delete(seq)
      this.context.timer(`nack ${seq}`, null)
      return this.send(asked.by, { t: 'ack', seq: asked.seq })
    }
    if (this.probe?.seq !== seq) return
    this.probe = null
    this.context.timer('timeout', null)
    this.context.timer('deadline', null)
    this.health = Math.max(0, this.health - 1)
  }

  askOthers() {
    const { probe } = this
    if (!probe) return
    const relays = this.some(this.rules.indirect, (id) => id !== probe.target && this.stateOf(id) === ALIVE)
    probe.asked = relays.length
    for (const id of relays) this.send(id, { t: 'ping-req', seq: probe.seq, target: probe.target })
  }

  relay(by, { seq, target }) {
    const own = ++this.seq
    this.relayed.set(own, { by, seq })
    this.send(target, { t: 'ping', seq: own, suspect: false })
    this.context.timer(`nack ${own}`, this.rules.timeoutMs)
  }

  probeFailed() {
    const { target, nacks, asked } = this.probe
    this.probe = null
    const worse = asked > 0 ? Math.max(0, asked - nacks) : 1
    this.health = Math.min(this.rules.healthMax - 1, this.health + worse)
    this.suspect({
      about: target,
      incarnation: this.others.get(target)?.incarnation ?? 0,
      from: this.context.id,
    })
  }

  // What is said of members

  heard(news) {
    if (news.state === SUSPECT) this.suspect(news)
    else if (news.state === DEAD) this.dead(news)
    else this.alive(news)
  }

  suspect({ about, incarnation, from }) {
    const row = this.others.get(about)
    if (incarnation < (row?.incarnation ?? 0)) return
    if (about === this.context.id) return void (incarnation >= this.incarnation && this.refute(incarnation))
    if (row?.state === DEAD) return
    if (row?.state === SUSPECT) {
      if (row.by.has(from) || row.by.size > row.k) return
      row.by.add(from)
      this.say({ about, incarnation, from, state: SUSPECT })
      return this.armSuspicion(about, row)
    }
    const k = confirmationsWanted(this.rules, this.nodes)
    const fresh = { state: SUSPECT, incarnation, by: new Set([from]), k, sinceMs: this.context.nowMs }
    this.others.set(about, fresh)
    this.say({ about, incarnation, from, state: SUSPECT })
    this.armSuspicion(about, fresh)
  }

  armSuspicion(about, row) {
    const total = suspicionMs(this.rules, this.nodes, row.by.size - 1)
    this.context.timer(`suspect ${about}`, Math.max(0, row.sinceMs + total - this.context.nowMs))
  }

  suspicionOver(about) {
    const row = this.others.get(about)
    if (row?.state === SUSPECT) this.dead({ about, incarnation: row.incarnation, from: this.context.id })
  }

  dead({ about, incarnation, from }) {
    const row = this.others.get(about)
    if (incarnation < (row?.incarnation ?? 0) || row?.state === DEAD) return
    if (about === this.context.id) return this.refute(incarnation)
    this.context.timer(`suspect ${about}`, null)
    this.others.set(about, { state: DEAD, incarnation, sinceMs: this.context.nowMs })
    this.say({ about, incarnation, from, state: DEAD })
    this.told(this.context.id, about)
  }

  alive({ about, incarnation }) {
    if (about === this.context.id || incarnation <= (this.others.get(about)?.incarnation ?? 0)) return
    this.context.timer(`suspect ${about}`, null)
    this.others.set(about, { state: ALIVE, incarnation })
    this.say({ about, incarnation, state: ALIVE })
  }

  refute(incarnation) {
    this.incarnation = incarnation + 1
    this.health = Math.min(this.rules.healthMax - 1, this.health + 1)
    this.say({ about: this.context.id, incarnation: this.incarnation, state: ALIVE })
  }

  probeOfSuspect({ suspect }) {
    return suspect && !this.queue.has(this.context.id)
  }

  refuteOwn() {
    this.refute(this.incarnation)
  }

  say(news) {
    this.queue.delete(news.about)
    this.queue.set(news.about, { news, sent: 0 })
  }

  // Gossip and repair

  gossip() {
    this.context.timer('gossip', this.rules.gossipMs)
    if (this.queue.size === 0) return
    const late = this.context.nowMs - this.rules.gossipToDeadMs
    const to = this.some(this.rules.gossipNodes, (id) => {
      const row = this.others.get(id)
      return row?.state !== DEAD || row.sinceMs > late
    })
    for (const id of to) if (this.queue.size > 0) this.send(id, { t: 'gossip' })
  }

  /** Some others by chance; fewer when it does not find them soon. */
  some(count, fits) {
    const found = []
    for (let tried = 0; tried < 3 * this.nodes && found.length < count; tried++) {
      const id = Math.floor(this.context.random.next() * this.nodes)
      if (id !== this.context.id && !found.includes(id) && fits(id)) found.push(id)
    }
    return found
  }

  pushPull() {
    this.context.timer('push', this.pushMs())
    const [to] = this.some(1, (id) => this.stateOf(id) === ALIVE)
    if (to !== undefined) this.context.send(to, { t: 'push', rows: this.rows(), answer: true, news: [] })
  }

  rows() {
    const own = { about: this.context.id, incarnation: this.incarnation, state: ALIVE }
    return [
      own,
      ...[...this.others].map(([about, { incarnation, state }]) => ({ about, incarnation, state })),
    ]
  }

  merge(from, rows) {
    for (const { about, incarnation, state } of rows) {
      // What another calls dead is only suspected here.
      if (state === ALIVE) this.alive({ about, incarnation })
      else this.suspect({ about, incarnation, from })
    }
  }
}

/** A node of `nodes` is killed: until the first and the last of the others call it dead, in seconds. */
export function killOne({ nodes, seed, rules = LAN, limitMs = 120_000 }) {
  const knew = new Map()
  let victim = -1
  const told = (by, about) => {
    if (about === victim && by !== victim) knew.set(by, world.nowMs)
  }
  const world = new PlainWorld({ seed, nodes, node: (context) => new Node(context, nodes, rules, told) })
  world.startAll()
  world.run(2_000 + world.random.next() * 2_000)
  victim = Math.floor(world.random.next() * nodes)
  world.crash(victim)
  const since = world.nowMs
  while (knew.size < nodes - 1 && world.nowMs < since + limitMs) world.run(50)
  const times = [...knew.values()].map((ms) => (ms - since) / 1_000).toSorted((a, b) => a - b)
  return {
    first: times[0] ?? NaN,
    last: knew.size === nodes - 1 ? times.at(-1) : NaN,
    missed: nodes - 1 - knew.size,
  }
}

/** The same often, with seeds 1, 2, 3… */
export function kills(nodes, runs, rules = LAN) {
  const each = Array.from({ length: runs }, (_, i) =>
    killOne({ nodes, seed: `memberlist ${nodes} ${i + 1}`, rules }),
  )
  return { nodes, runs, first: each.map(({ first }) => first), last: each.map(({ last }) => last) }
}

export function quantile(values, share) {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN
}

export const median = (values) => quantile(values, 0.5)
