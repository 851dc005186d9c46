// The rows on Tanist's actors, as an application has them: on the host of production, bounded and supervised.
import { actor, actorSystem, reply } from '@tanist/core'
import { nodeHost } from '@tanist/transport'
import { countdown, heapBytes, pause, perSecond } from './stopwatch.mjs'

const log = { write: () => {} }
const host = nodeHost({ app: 'bench', secret: 'only measured, on loopback', log })
const system = actorSystem({ host, name: 'bench' })
let last = 0
const made = []

function create(behavior) {
  const ref = system.spawn(behavior, `a${++last}`)
  made.push(ref)
  return ref
}

/** Ends the actors of a round, so that the next one finds the same process. */
export async function clear() {
  await Promise.all(made.splice(0).map((ref) => system.stop(ref)))
}

function sinkOf(done, capacity) {
  return actor({
    state: () => 0,
    on: {
      add: (sum, { by }) => {
        done()
        return sum + by
      },
      children: (sum, { count }, ctx) => {
        for (let n = 0; n < count; n++) ctx.spawn(counter, `c${n}`)
        return reply(sum, count)
      },
    },
    mailbox: { capacity },
  })
}

const counter = actor({ state: () => 0, on: { get: (n) => reply(n, n) } })

async function tell(messages, ref, done) {
  return perSecond(messages, async () => {
    const { add } = ref.tell
    for (let n = 0; n < messages; n++) add({ by: n & 7 })
    await done
  })
}

/** An actor that resolves `done` at the last of its messages; its mailbox holds them all. */
function sink(messages) {
  let ref
  const done = new Promise((resolve) => {
    ref = create(sinkOf(countdown(messages, resolve), messages))
  })
  return { ref, done }
}

export const rows = {
  async tell({ messages }) {
    const { ref, done } = sink(messages)
    return tell(messages, ref, done)
  },

  async children({ messages, actors }) {
    const { ref, done } = sink(messages)
    if (actors > 0) await ref.ask.children({ count: actors })
    return tell(messages, ref, done)
  },

  async 'ping-pong'({ messages }) {
    return perSecond(messages, async () => {
      await new Promise((done) => {
        const player = actor({
          state: () => 0,
          on: {
            hit: (s, { left, from }, ctx) => {
              if (left === 0) done()
              else from.tell.hit({ left: left - 1, from: ctx.me() })
              return s
            },
          },
        })
        const other = create(player)
        create(player).tell.hit({ left: messages * 2, from: other })
      })
    })
  },

  async ask({ messages }) {
    const ref = create(counter)
    return perSecond(messages, async () => {
      for (let n = 0; n < messages; n++) await ref.ask.get()
    })
  },

  async 'open-asks'({ messages, actors }) {
    const ref = create(counter)
    return perSecond(messages, async () => {
      for (let n = 0; n < messages; n += actors)
        await Promise.all(Array.from({ length: actors }, () => ref.ask.get()))
    })
  },

  async 'fan-out'({ messages, actors }) {
    const each = Math.ceil(messages / actors)
    let done
    const all = new Promise((resolve) => (done = countdown(each * actors, resolve)))
    const behavior = sinkOf(done, each)
    const refs = Array.from({ length: actors }, () => create(behavior))
    return perSecond(each * actors, async () => {
      for (let n = 0; n < each; n++) for (const ref of refs) ref.tell.add({ by: n & 7 })
      await all
    })
  },

  async spawn({ messages }) {
    return perSecond(messages, async () => {
      await new Promise((resolve) => {
        const postStop = countdown(messages, resolve)
        const behavior = actor({ state: () => 0, on: { get: (n) => n }, postStop })
        const refs = Array.from({ length: messages }, () => create(behavior))
        for (const ref of refs) void system.stop(ref)
      })
    })
  },

  /** Bytes per actor that has handled a message and waits for the next. */
  async idle({ messages }) {
    const before = await heapBytes()
    let refs
    await new Promise((resolve) => {
      const one = sinkOf(countdown(messages, resolve))
      refs = Array.from({ length: messages }, () => create(one))
      for (const ref of refs) ref.tell.add({ by: 1 })
    })
    await pause(20)
    const bytes = ((await heapBytes()) - before) / messages
    void system.stop(refs[0])
    return bytes
  },

  /** A crowd with full mailboxes, and then as many messages again. */
  async crowd({ messages, actors }) {
    const before = await heapBytes()
    const each = messages / actors
    const behavior = sinkOf(() => {}, each)
    const refs = Array.from({ length: actors }, () => create(behavior))
    const send = () => {
      let accepted = 0
      for (let n = 0; n < each; n++) for (const ref of refs) if (ref.tell.add({ by: n & 7 })) accepted += 1
      return accepted
    }
    const accepted = send()
    globalThis.gc()
    const full = process.memoryUsage()
    const more = send()
    globalThis.gc()
    const after = process.memoryUsage()
    return {
      accepted,
      more,
      fullBytes: full.heapUsed - before,
      afterBytes: after.heapUsed - before,
      residentBytes: after.rss,
    }
  },

  /** Lateness of an actor's timers, idle and beside actors that flood themselves, in ms. */
  async timers({ messages, actors, delayMs }) {
    const idle = await lateness(messages, delayMs)
    let running = true
    let handled = 0
    const flood = actor({
      state: () => 0,
      on: {
        add: (s, m, ctx) => {
          handled += 1
          if (running) ctx.me().tell.add(m)
          return s + 1
        },
      },
    })
    for (let n = 0; n < actors; n++) create(flood).tell.add({ by: 1 })
    const loaded = await lateness(messages, delayMs)
    running = false
    return { idle, loaded, handled }
  },
}

async function lateness(count, delayMs) {
  return new Promise((done) => {
    create(watch(delayMs, count, done)).tell.start()
  })
}

/** Sets its timer again and again; `done` gets how late each was. */
function watch(delayMs, count, done) {
  const next = (late, _message, ctx) => {
    ctx.timers.once('tick', delayMs, 'tick', performance.now() + delayMs)
    return late
  }
  const tick = (late, dueMs, ctx) => {
    late.push(Math.max(0, performance.now() - dueMs))
    if (late.length < count) return next(late, null, ctx)
    done(late)
    ctx.stop()
    return late
  }
  return actor({ state: () => [], on: { start: next }, internal: { tick } })
}
