import { toEncoded } from '@tanist/core'
import { openPeer } from '../peer/index.js'
import type { PeerCore } from '../peer/index.js'
import { persist, role } from '../role/index.js'
import { Stage } from './stage.js'

const NAMES = ['a', 'b', 'c'] as const

/** Steps of a play that gets stuck: then it is over. */
const STEPS_MAX = 20_000

/** How often somebody looks whether a scene is over. */
const LOOK_STEPS = 8

const line = role('line', {
  state: () => 0,
  events: { said: (_state: number, { n }: { n: number }) => n },
  commands: { say: (_state: number, { n }: { n: number }, on) => persist(on.said({ n })) },
})

/**
 * Three peers found a group in memory, everyone calls, the server is killed, and the others go on: everything that a
 * take-over needs has run once. Returns what goes on by one event; false: it is over. `heard`: how each call ended.
 */
export function play(heard: (status: string) => void = () => {}): () => boolean {
  const stage = new Stage()
  const peers = new Map<string, PeerCore>()
  for (const name of NAMES) {
    const seeds = NAMES.map((other) => `${other}:1`)
    const settings = {
      app: 'rehearsal',
      name,
      roles: [line],
      listen: `${name}:1`,
      seeds,
      expect: NAMES.length,
    }
    openPeer(stage.enter(`${name}:1`), { ...settings, data: name }, (_error, core) => {
      if (core) peers.set(name, core)
    })
  }
  let answered = 0
  let asked = 0
  let left = STEPS_MAX
  const say = (): void => {
    for (const core of peers.values()) {
      asked += 1
      core.call({ role: line.name, command: 'say', input: toEncoded({ n: asked }) }, ({ status }) => {
        answered += 1
        heard(status)
      })
    }
  }
  const scenes = [
    () => peers.size === NAMES.length && [...peers.values()].every(isSettled),
    () => answered === asked,
    () => answered === asked && [...peers.values()].every(isSettled),
  ]
  let scene = 0
  return () => {
    left -= 1
    if (left < 0 || !stage.step()) return false
    if (left % LOOK_STEPS > 0 || scenes[scene]?.() !== true) return true
    scene += 1
    if (scene === 2) {
      const [server] = [...peers].find(([, core]) => core.serves) ?? []
      if (server === undefined) return false
      stage.kill(`${server}:1`)
      peers.delete(server)
    }
    if (scene < scenes.length) say()
    return scene < scenes.length
  }
}

/** It is a member that may vote, and nothing of the beginning is left to do. */
function isSettled(core: PeerCore): boolean {
  const { server, members, waitingFor } = core.status()
  return server !== null && waitingFor === null && members.filter(({ voter }) => voter).length >= 2
}
