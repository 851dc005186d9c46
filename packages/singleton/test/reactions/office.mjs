// Plain JavaScript on the compiled package, so that planted bugs can be hunted in processes of their own.
import { applySchedule, seededRandom } from '@tanist/core/testing'
import { toEncoded } from '@tanist/core'
import { persist, refuse, role } from '../../dist/index.js'
import { Cluster, Outside } from '../../dist/testing/index.js'

const FORM_MS = 30_000
const WORK_MS = 3_500
const HEAL_MS = 30_000
const EVERY_MS = 90
const LANES = 3
const ATTEMPTS = 3
/** Longer than any fault lets a clock jump. */
const HOUR_MS = 3_600_000

export const shape = {
  forMs: WORK_MS,
  maxFaults: 7,
  kinds: ['act', 'clock-jump', 'crash', 'cut', 'loss', 'pause', 'power-off', 'restart', 'split'],
  moments: ['server.appended', 'server.committed', 'elected', 'serves', 'yields', 'server.outside'],
  acts: ['hand-over'],
}

/** An order that the mail service never takes. */
const isPoison = (n) => n % 9 === 4
const laneOf = (n) => `lane ${n % LANES}`

export async function runOffice({ seed, peers, schedule }) {
  const office = new Office(seed, peers)
  await office.work(schedule)
  await office.heal()
  return office.story()
}

class Office {
  constructor(seed, peers) {
    this.random = seededRandom(`${seed}/office`)
    this.outside = new Outside(seed)
    this.runs = []
    this.placed = []
    this.mails = this.outside.service('mail', ({ n }) => {
      if (isPoison(n)) throw new Error(`nobody lives at ${n}`)
    }, { failRate: 0.1, latencyMs: 30, timeoutMs: 300 })
    this.posts = this.outside.service('post', () => {}, { failRate: 0.1, latencyMs: 30, timeoutMs: 300 })
    this.cluster = new Cluster({ seed, peers, roles: (env) => this.roles(env) })
    this.wrong = []
  }

  roles(env) {
    const mail = this.mails.for(env)
    const post = this.posts.for(env)
    const patient = { attempts: 1_000, backoffMs: 50, maxBackoffMs: 400 }
    const bank = role('bank', {
      state: () => ({ charged: {} }),
      events: { charged: (s, e) => ({ charged: { ...s.charged, [e.n]: (s.charged[e.n] ?? 0) + 1 } }) },
      commands: { charge: (_s, c, on) => persist(on.charged(c)).reply((next) => next.charged[c.n]) },
      reactions: {
        // A chain: the third role hears of it by the second.
        charged: {
          ...patient,
          lane: (e) => String(e.n),
          run: (e, ctx) => this.watched(env, 'charged', e, ctx, () => ctx.role(books).book({ n: e.n }).value()),
        },
      },
    })
    const books = role('books', {
      state: () => ({ booked: {} }),
      events: { booked: (s, e) => ({ booked: { ...s.booked, [e.n]: (s.booked[e.n] ?? 0) + 1 } }) },
      commands: { book: (_s, c, on) => persist(on.booked(c)) },
      reactions: {
        booked: { ...patient, run: (e, ctx) => this.watched(env, 'booked', e, ctx, () => post({ n: e.n, id: ctx.id }, ctx.token)) },
      },
    })
    const orders = role('orders', {
      state: () => ({ open: {}, marked: {}, reminded: {}, expired: {}, refusals: 0 }),
      events: {
        placed: (s, e) => ({ ...s, open: { ...s.open, [e.n]: e } }),
        marked: (s, e) => ({ ...s, marked: { ...s.marked, [e.n]: [...(s.marked[e.n] ?? []), e.times] } }),
        reminded: (s, e) => ({ ...s, reminded: { ...s.reminded, [e.n]: [...(s.reminded[e.n] ?? []), e.at] } }),
        expired: (s, e) => {
          const { [e.n]: gone, ...open } = s.open
          return { ...s, open, expired: { ...s.expired, [e.n]: [...(s.expired[e.n] ?? []), e.at - gone.until] } }
        },
      },
      commands: {
        place: (s, c, on, ctx) =>
          s.open[c.n] || s.expired[c.n]
            ? refuse({ code: 'known' })
            : persist(on.placed({ n: c.n, at: ctx.at, until: ctx.at + 700 })),
        mark: (_s, c, on) => persist(on.marked(c)),
        // Derived until it expires, whatever this does: it must not run twice.
        remind: (_s, c, on, ctx) => persist(on.reminded({ n: c.n, at: ctx.at })),
        expire: (_s, c, on, ctx) => persist(on.expired({ n: c.n, at: ctx.at })),
      },
      reactions: {
        placed: {
          attempts: ATTEMPTS,
          backoffMs: 50,
          maxBackoffMs: 400,
          lane: (e) => laneOf(e.n),
          run: (e, ctx) =>
            this.watched(env, 'placed', e, ctx, async () => {
              // It is made again when the mail fails, and by the next server.
              const times = await ctx.role(bank).charge({ n: e.n }).value()
              await mail({ n: e.n, id: ctx.id }, ctx.token)
              await ctx.own.mark({ n: e.n, times }).value()
            }),
        },
      },
      due: (s, run) =>
        Object.values(s.open).flatMap(({ n, at, until }) => [run.remind(at + 300, { n }), run.expire(until, { n })]),
    })
    return [bank, books, orders]
  }

  /** Writes a run down, and what is wrong with its beginning. */
  async watched(env, what, event, ctx, run) {
    const { node, life } = env
    const { cluster } = this
    const core = cluster.peer(node)
    const { term, index } = ctx.token
    const name = `${what} ${event.n} on ${node}`
    const begun = { what, n: event.n, node, life, id: ctx.id, index: ctx.index, token: ctx.token, over: false }
    const mine = cluster.reigns.findLast((reign) => reign.node === node && reign.life === life)
    if (!core?.serves || mine?.term !== term || mine.index !== index)
      this.wrong.push(`server: ${name} runs with the token ${term}.${index}, and it does not serve with that`)
    if (core && ctx.index > core.appliedIndex)
      this.wrong.push(`commit: ${name} runs at ${core.appliedIndex}, its event stands at ${ctx.index}`)
    for (const other of this.runs) {
      const { token } = other
      const isNewer = token.term > term || (token.term === term && token.index > index)
      if (isNewer) this.wrong.push(`token: ${name} runs with ${term}.${index} after ${token.term}.${token.index}`)
      if (token.term !== term || token.index !== index || what !== 'placed' || other.what !== what) continue
      if (laneOf(other.n) !== laneOf(event.n)) continue
      if (!other.over) this.wrong.push(`lane: ${name} runs beside ${other.n}`)
      if (other.index > ctx.index) this.wrong.push(`lane: ${name} runs after ${other.n}`)
    }
    this.runs.push(begun)
    cluster.world.moment(node, 'outside')
    try {
      await run()
    } finally {
      begun.over = true
    }
  }

  async work(schedule) {
    const { cluster } = this
    const { world } = cluster
    cluster.startAll()
    if (!(await this.until(FORM_MS, () => cluster.settled && cluster.seated)))
      throw new Error('the office did not form')
    this.outside.attach(world)
    const until = world.nowMs + WORK_MS
    const place = () => {
      this.place()
      if (world.nowMs < until) world.schedule(world.nowMs + EVERY_MS, place)
    }
    place()
    const handOver = () => {
      const server = cluster.server()
      if (server !== null) cluster.peer(server)?.transfer(null, () => {})
    }
    applySchedule(world, schedule, (target) => cluster.resolve(target), { acts: { 'hand-over': handOver } })
    await world.runAsync({ forMs: WORK_MS })
  }

  /** To look after each event would take most of the time. */
  async until(limitMs, condition) {
    const { world } = this.cluster
    const until = world.nowMs + limitMs
    // oxlint-disable-next-line no-await-in-loop -- virtual time passes in this order
    while (world.nowMs < until && !condition()) await world.runAsync({ forMs: 100 })
    return condition()
  }

  place() {
    const { cluster, random } = this
    const name = cluster.names[Math.floor(random.next() * cluster.names.length)]
    const order = { n: this.placed.length, ok: false }
    this.placed.push(order)
    if (!cluster.isRunning(name)) return
    const request = { role: 'orders', command: 'place', input: toEncoded({ n: order.n }) }
    cluster.peer(name).call(request, ({ status }) => (order.ok = status === 'ok'))
  }

  async heal() {
    const { cluster } = this
    const { world } = cluster
    world.healAll()
    for (const name of cluster.names) if (world.state(name) === 'stopped') cluster.start(name)
    for (const name of cluster.names) world.clockJump(name, HOUR_MS)
    const done = await this.until(HEAL_MS, () => cluster.settled && this.isIdle())
    if (!done) this.wrong.push(`ends: after healing ${this.waitingFor()}`)
    // What would run once too often gets its chance.
    await world.runAsync({ forMs: 1_500 })
  }

  isIdle() {
    const server = this.cluster.server()
    const core = server === null ? null : this.cluster.peer(server)
    if (!core) return false
    return core.status().roles.every(({ pending, due }) => pending === 0 && (due ?? 0) === 0) && this.opens(core) === 0
  }

  opens(core) {
    return Object.keys(core.roles.state('orders').open).length
  }

  waitingFor() {
    const server = this.cluster.server()
    const core = server === null ? null : this.cluster.peer(server)
    if (!core) return 'nobody serves'
    return `${this.opens(core)} orders are open, and ${JSON.stringify(core.status().roles)}`
  }

  story() {
    const { cluster, wrong, runs } = this
    const server = cluster.server()
    const core = server === null ? null : cluster.peer(server)
    if (!core) return { wrong: [...wrong, 'ends: nobody serves'], orders: 0, runs: 0, repeated: 0, due: 0, parked: 0, reigns: 0 }
    const orders = core.roles.state('orders')
    const placed = Object.keys(orders.expired).map(Number)
    this.effects(core, placed)
    for (const { n, ok } of this.placed)
      if (ok && !placed.includes(n)) wrong.push(`lost: order ${n} was acknowledged`)
    for (const n of placed) {
      for (const what of ['reminded', 'expired']) {
        const times = orders[what][n]?.length ?? 0
        if (times !== 1) wrong.push(`due: order ${n} was ${what} ${times} times`)
      }
      if (orders.expired[n].some((late) => late < 0)) wrong.push(`due: order ${n} expired before its time`)
    }
    this.replicas()
    const first = new Set(runs.map(({ id }) => id))
    return {
      wrong: [...new Set(wrong)],
      orders: placed.length,
      runs: runs.length,
      repeated: runs.length - first.size,
      due: 2 * placed.length,
      parked: core.sideEffects.reactions('orders').length,
      reigns: cluster.reigns.length,
    }
  }

  /** Each effect at least once, in chains exactly once, and of none that is not in the journal. */
  effects(core, placed) {
    const { wrong } = this
    const parked = new Set(core.sideEffects.reactions('orders').map(({ payload }) => payload.n))
    const { charged } = core.roles.state('bank')
    const { booked } = core.roles.state('books')
    const { marked } = core.roles.state('orders')
    const handled = (service) => new Set(service.calls.filter((one) => one.reply !== null || one.handledAtMs !== null).map(({ request }) => request.n))
    const [mails, posts] = [handled(this.mails), handled(this.posts)]
    for (const n of placed) {
      const times = charged[n] ?? 0
      const least = parked.has(n) ? 0 : 1
      if (isPoison(n) && !parked.has(n)) wrong.push(`parked: the poisoned order ${n} is gone`)
      if (!parked.has(n) && !mails.has(n)) wrong.push(`effect: order ${n} was settled and never mailed`)
      if (times < least || times > 1) wrong.push(`chain: order ${n} was charged ${times} times`)
      if ((booked[n] ?? 0) !== times) wrong.push(`chain: order ${n} was booked ${booked[n] ?? 0} times`)
      if (times > 0 && !posts.has(n)) wrong.push(`effect: order ${n} was settled and never posted`)
      const marks = marked[n] ?? []
      if (marks.length < least || marks.length > 1 || marks.some((one) => one !== 1))
        wrong.push(`chain: order ${n} was marked ${JSON.stringify(marks)}`)
    }
    for (const { request, n } of this.mails.calls)
      if (!placed.includes(request.n)) wrong.push(`commit: mail ${n} is of order ${request.n}, which is not in the journal`)
    const ids = new Map()
    for (const { what, n, id } of this.runs) {
      const of = `${what} ${n}`
      if ((ids.get(of) ?? id) !== id) wrong.push(`id: ${of} has two`)
      ids.set(of, id)
    }
    if (new Set(ids.values()).size !== ids.size) wrong.push('id: two events have one')
  }

  replicas() {
    const { cluster, wrong } = this
    const byIndex = new Map()
    for (const name of cluster.names) {
      const core = cluster.peer(name)
      if (!core) continue
      const digest = core.roles.digest()
      const known = byIndex.get(core.appliedIndex)
      if (known !== undefined && known !== digest) wrong.push(`replicas: ${name} has another state at ${core.appliedIndex}`)
      byIndex.set(core.appliedIndex, digest)
    }
  }
}
