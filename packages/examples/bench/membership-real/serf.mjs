// A cluster of serf agents with their LAN profile, one process each. They tell of each other in their logs.
import { spawnSync } from 'node:child_process'
import { endProgram, freePorts, pause, program, until } from '../succession/children.mjs'

/** The version of serf, or null when it is not installed. */
export function serfVersion() {
  const { stdout, error } = spawnSync('serf', ['version'], { encoding: 'utf8' })
  return error ? null : stdout.split('\n')[0]
}

const nowMs = () => Number(process.hrtime.bigint() / 1_000n) / 1_000

export async function startSerf(count, { within = [] } = {}) {
  const all =
    within.length > 0 ? Array.from({ length: 2 * count }, (_, i) => 8_100 + i) : await freePorts(2 * count)
  const lost = []
  const joined = []
  const agents = []
  const start = (at) => {
    const args = [
      ...['serf', 'agent', `-node=s${at}`, `-bind=127.0.0.1:${all[2 * at]}`],
      ...[`-rpc-addr=127.0.0.1:${all[2 * at + 1]}`, '-profile=lan', '-log-level=info'],
      ...(at === 0 && agents.length === 0 ? [] : [`-join=127.0.0.1:${all[at === 0 ? 2 : 0]}`]),
    ]
    const [command, ...rest] = [...within, ...args]
    const child = program(command, rest, { stdio: ['ignore', 'pipe', 'ignore'] })
    let text = ''
    const seen = new Set()
    joined[at] = seen
    child.stdout.on('data', (chunk) => {
      const ms = nowMs()
      const lines = (text + chunk).split('\n')
      text = lines.pop()
      for (const line of lines) {
        const [, event, name] = /EventMember(Join|Failed|Leave): (s\d+)/.exec(line) ?? []
        if (event === 'Join') seen.add(name)
        if (event === 'Failed') {
          seen.delete(name)
          lost.push({ by: `s${at}`, name, at: ms })
        }
      }
    })
    return child
  }
  const cluster = {
    name: 'serf',
    count,
    lost,
    nameOf: (at) => `s${at}`,
    pids: () => agents.map(({ pid }) => pid),
    kill: (at, signal) => agents[at].kill(signal),
    whole: () =>
      until(
        `${count} agents that all know each other`,
        () => joined.every(({ size }) => size === count),
        100,
      ),
    async restart(at) {
      await endProgram(agents[at])
      agents[at] = start(at)
      await cluster.whole()
    },
    async stop() {
      await Promise.all(agents.map(endProgram))
    },
  }
  try {
    for (let at = 0; at < count; at++) {
      agents.push(start(at))
      await pause(at === 0 ? 500 : 50)
    }
    await cluster.whole()
  } catch (error) {
    await cluster.stop()
    throw error
  }
  return cluster
}

export { nowMs }
