// The rows on bare nact. It is a dependency of core, and is found from there.
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { countdown, heapBytes, pause, perSecond } from './stopwatch.mjs'

const require = createRequire(fileURLToPath(import.meta.resolve('@tanist/core')))
const { dispatch, query, spawn, start, stop } = require('nact')

const system = start('bench')
let last = 0
const made = []

function create(f, options = {}, parent = system) {
  const ref = spawn(parent, f, `a${++last}`, { initialState: 0, ...options })
  made.push(ref)
  return ref
}

/** Ends the actors of a round, so that the next one finds the same process. */
export async function clear() {
  for (const ref of made.splice(0)) stop(ref)
}

function sinkOf(done) {
  return (sum, { by }) => {
    done()
    return sum + by
  }
}

async function tell(messages, ref, done) {
  return perSecond(messages, async () => {
    for (let n = 0; n < messages; n++) dispatch(ref, { by: n & 7 })
    await done
  })
}

/** An actor that resolves `done` at the last of its messages. */
function sink(messages, prepare = () => {}) {
  let ref
  const done = new Promise((resolve) => {
    ref = create(sinkOf(countdown(messages, resolve)))
  })
  prepare(ref)
  return { ref, done }
}

const server = (n, _message, ctx) => {
  dispatch(ctx.sender, n)
  return n
}

const ASK_MS = 5_000

export const rows = {
  async tell({ messages }) {
    const { ref, done } = sink(messages)
    return tell(messages, ref, done)
  },

  async children({ messages, actors }) {
    const { ref, done } = sink(messages, (parent) => {
      for (let n = 0; n < actors; n++) create((s) => s, {}, parent)
    })
    return tell(messages, ref, done)
  },

  async 'ping-pong'({ messages }) {
    return perSecond(messages, async () => {
      await new Promise((done) => {
        const player = (s, { left, from }, ctx) => {
          if (left === 0) done()
          else dispatch(from, { left: left - 1, from: ctx.self })
          return s
        }
        const other = create(player)
        dispatch(create(player), { left: messages * 2, from: other })
      })
    })
  },

  async ask({ messages }) {
    const ref = create(server)
    return perSecond(messages, async () => {
      for (let n = 0; n < messages; n++) await query(ref, { get: true }, ASK_MS)
    })
  },

  async 'open-asks'({ messages, actors }) {
    const ref = create(server)
    for (;;) {
      let unanswered = 0
      const ask = () => query(ref, { get: true }, ASK_MS).catch(() => (unanswered += 1))
      const rate = await perSecond(messages, async () => {
        for (let n = 0; n < messages; n += actors) await Promise.all(Array.from({ length: actors }, ask))
      })
      // Two open queries may draw the same id; one is never answered then, and the run only measures its deadline.
      if (unanswered === 0) return rate
    }
  },

  async 'fan-out'({ messages, actors }) {
    const each = Math.ceil(messages / actors)
    let done
    const all = new Promise((resolve) => (done = countdown(each * actors, resolve)))
    const refs = Array.from({ length: actors }, () => create(sinkOf(done)))
    return perSecond(each * actors, async () => {
      for (let n = 0; n < each; n++) for (const ref of refs) dispatch(ref, { by: n & 7 })
      await all
    })
  },

  async spawn({ messages }) {
    return perSecond(messages, async () => {
      await new Promise((resolve) => {
        const afterStop = countdown(messages, resolve)
        const refs = Array.from({ length: messages }, () => create((s) => s, { afterStop }))
        for (const ref of refs) stop(ref)
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
      for (const ref of refs) dispatch(ref, { by: 1 })
    })
    await pause(20)
    const bytes = ((await heapBytes()) - before) / messages
    stop(refs[0])
    return bytes
  },

  /** Lateness of timers, idle and beside actors that flood themselves, in ms. */
  async timers({ messages, actors, delayMs }) {
    const idle = await lateness(messages, delayMs)
    let running = true
    const flood = (s, m, ctx) => {
      if (running) dispatch(ctx.self, m)
      return s + 1
    }
    for (let n = 0; n < actors; n++) dispatch(create(flood), { by: 1 })
    const loaded = await lateness(messages, delayMs)
    running = false
    return { idle, loaded }
  },
}

async function lateness(count, delayMs) {
  const late = []
  while (late.length < count) {
    const dueMs = performance.now() + delayMs
    await pause(delayMs)
    late.push(Math.max(0, performance.now() - dueMs))
  }
  return late
}
