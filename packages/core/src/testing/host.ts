import { type Disk, DiskError, type Host, type Log, type Random } from '../host/index.js'
import { type Post, SimDatagrams } from './datagrams.js'
import { SimEngine } from './engine.js'
import { type Life, LifeTimers } from './machine.js'
import { type Fabric, SimNetwork } from './network.js'
import type { Timeline } from './timeline.js'

/**
 * The host of one life. This is the border of the world: every call asks first whether the process is still
 * alive, so that code which outlives its process (a promise, a reference in a test) can do nothing.
 */
export function lifeHost(timeline: Timeline, fabric: Fabric, post: Post, life: Life, random: Random): Host {
  return {
    clock: life.machine.clock,
    timers: new LifeTimers(timeline, life),
    random,
    network: new SimNetwork(fabric, life),
    datagrams: new SimDatagrams(post, life),
    disk: lifeDisk(life),
    engine: new SimEngine(timeline, life),
    log: lifeLog(timeline, life),
  }
}

/** Open handles are the disk's own business: it forgets them when the process dies. */
function lifeDisk(life: Life): Disk {
  return {
    openFolder: (path) => {
      if (!life.alive) throw new DiskError('failed', `the process that wanted to open ${path} has ended`)
      return life.machine.disk.openFolder(path)
    },
  }
}

function lifeLog(timeline: Timeline, life: Life): Log {
  return {
    write: (level, event, text, data) => {
      if (!life.alive) return
      const kept = timeline.trace.keep || timeline.recorder !== null
      const more = kept && data !== undefined ? ` ${JSON.stringify(data)}` : ''
      timeline.note(life.machine.name, `${level} ${event}: ${text}`, more, 'log')
    },
  }
}
