import type { DiskFile, Host, Link } from '../../src/host/index.js'
import { scheduleArbitrary } from '../../src/testing/arbitraries.js'
import {
  applySchedule,
  createWorld,
  envelopes,
  type Schedule,
  type ScheduleShape,
  type World,
} from '../../src/testing/index.js'
import * as fc from 'fast-check'
import { bytes } from './wire.js'

export const names = ['press', 'lathe', 'paint', 'saw', 'drill']

/** A small peer that uses every part of its host, with random waits: what a determinism test needs. */
export function gossip(host: Host, name: string, life: number): void {
  const links = new Set<Link>()
  let file: DiskFile
  try {
    file = host.disk.openFolder('data').open('heard', 'create')
  } catch {
    // The disk is full: it does not run.
    return
  }
  let heard = 0
  const cell = host.engine.cell('note', () => {
    try {
      file.write(heard % 1_000, bytes(`${heard};`))
    } catch {
      // The disk is full.
    }
    file.sync(() => host.log.write('debug', 'synced', `heard ${heard}`))
  })
  const handlers = (link: () => Link) => ({
    opened: () => void links.add(link()),
    frame: () => {
      heard++
      cell.wake()
    },
    closed: () => void links.delete(link()),
  })
  const socket = host.datagrams.bind(`${name}:9`, {
    listening: () => {},
    failed: () => {},
    message: () => heard++,
  })
  host.network.listen(`${name}:1`, {
    listening: () => {},
    failed: () => {},
    accept: (link) => {
      links.add(link)
      return handlers(() => link)
    },
  })
  const beat = (): void => {
    for (const link of links)
      link.send(bytes(`${name} ${life} ${host.clock.now().wallMs} ${host.random.id()}`))
    const other = names.at(Math.floor(host.random.next() * names.length))!
    if (links.size < 3 && other !== name) {
      const link: Link = host.network.dial(
        `${other}:1`,
        handlers(() => link),
      )
    }
    socket.send(bytes(name), `${other}:9`)
    host.timers.set(20 + host.random.next() * 20, beat)
  }
  beat()
}

export function populate(world: World): void {
  for (const name of names) {
    world.node(name, { start: (host, life) => gossip(host, name, life) })
    world.start(name)
  }
}

export function scheduleOf(seed: number): Schedule {
  const shape: ScheduleShape = {
    nodes: names,
    roles: ['first'],
    forMs: 1_500,
    maxFaults: 10,
    envelope: envelopes.anything,
    moments: ['synced', 'started'],
    versions: ['2'],
  }
  return fc.sample(scheduleArbitrary(shape), { seed, numRuns: 1 }).at(0)!
}

export function gossipRun(world: World, schedule: Schedule): void {
  populate(world)
  applySchedule(world, schedule, () => names.filter((name) => world.state(name) === 'running').slice(0, 1))
  world.run({ forMs: 1_500 })
  world.healAll()
  world.run({ forMs: 500 })
}

/** Digest of one run with faults; also called in a fresh process. */
export function digestOf(seed: number): string {
  const world = createWorld({ seed })
  gossipRun(world, scheduleOf(seed))
  return world.digest
}
