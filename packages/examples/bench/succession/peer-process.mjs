// One member of a Tanist cluster, or a program around it that keeps it busy.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { startPeer } from '@tanist/singleton'
import { given, onRequest, ready } from './answer.mjs'
import { bare, store, VALUE } from './bare-role.mjs'
import { load } from './load.mjs'
import { startWriters } from './writers.mjs'

/** The newest log lines with the time that all processes of a machine share: to see where a take-over takes its time. */
const lines = []
const log = {
  write: (_level, event, text) => {
    lines.push({ atMs: performance.timeOrigin + performance.now(), event, text })
    if (lines.length > 500) lines.shift()
  },
}
const peer = await startPeer({ app: 'bench', log, roles: [bare, store], ...given })
let keys = 0
let writing = null
/** Since it was last asked for. */
const stops = monitorEventLoopDelay({ resolution: 5 })

const writes = {
  bare: async () => (await peer.role(bare).put({ value: VALUE })).status === 'ok',
  store: async ({ keyCount, valueBytes }) => {
    keys = (keys + 1) % keyCount
    const out = await peer.role(store).put({ key: `key-${keys}`, value: 'y'.repeat(valueBytes) })
    return out.status === 'ok'
  },
}

onRequest(async (request) => {
  switch (request.do) {
    case 'status':
      return peer.status()
    case 'put':
      return writes.bare()
    case 'acknowledged': {
      const ok = await writes.bare()
      return ok ? performance.timeOrigin + performance.now() : null
    }
    case 'load':
      return load(() => writes[request.role ?? 'bare'](request), request)
    case 'writers':
      writing = startWriters(request.count, writes.bare)
      return {}
    case 'mark':
      return writing.mark()
    case 'stop':
      return writing.stop()
    case 'log':
      return lines
    case 'usage':
      return { cpu: process.cpuUsage(), memory: process.memoryUsage() }
    case 'stops': {
      const longestMs = stops.max / 1_000_000
      stops.reset()
      stops.enable()
      return { longestMs }
    }
    case 'transfer':
      return peer.transfer(request.to).then(
        () => ({ ok: true }),
        (error) => ({ ok: false, text: error.message }),
      )
    case 'collect':
      globalThis.gc?.()
      return {}
    case 'exit':
      process.exit(0)
    default:
      return null
  }
})
ready({ id: peer.id, address: peer.address })
