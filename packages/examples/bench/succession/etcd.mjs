// Three etcd processes on loopback, and a client that speaks to their HTTP gateway over kept connections.
import { spawnSync } from 'node:child_process'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { VALUE } from './bare-role.mjs'
import { dropFolder, endProgram, freePorts, freshFolder, program, until } from './children.mjs'

/** Null when it is not installed. */
export function etcdVersion() {
  const { status, stdout } = spawnSync('etcd', ['--version'], { encoding: 'utf8' })
  return status === 0 ? (/etcd Version: (\S+)/.exec(stdout)?.[1] ?? 'unknown') : null
}

const name = (at) => `e${at}`

/** `timing`: heartbeat and election in ms; null: its defaults, 100 and 1000. */
export async function startEtcd(timing = null) {
  const folder = freshFolder('etcd')
  const ports = await freePorts(6)
  const peerUrl = (at) => `http://127.0.0.1:${ports[3 + at]}`
  const clientUrl = (at) => `http://127.0.0.1:${ports[at]}`
  const everyone = [0, 1, 2].map((at) => `${name(at)}=${peerUrl(at)}`).join(',')
  const tuned = timing
    ? [`--heartbeat-interval=${timing.heartbeatMs}`, `--election-timeout=${timing.electionMs}`]
    : []
  const nodes = [0, 1, 2].map((at) =>
    program('etcd', [
      `--name=${name(at)}`,
      `--data-dir=${join(folder, name(at))}`,
      `--listen-client-urls=${clientUrl(at)}`,
      `--advertise-client-urls=${clientUrl(at)}`,
      `--listen-peer-urls=${peerUrl(at)}`,
      `--initial-advertise-peer-urls=${peerUrl(at)}`,
      `--initial-cluster=${everyone}`,
      '--initial-cluster-state=new',
      '--log-level=error',
      ...tuned,
    ]),
  )
  const agents = [0, 1, 2].map(() => new Agent({ keepAlive: true, maxSockets: 1_024, noDelay: true }))
  const call = (at, path, body) => post(agents[at], ports[at], path, body)
  const cluster = {
    nodes,
    folder,
    call,
    put: (at) => call(at, '/v3/kv/put', putBody()).then(({ status }) => status === 200),
    leader: () => until('an etcd leader', () => leaderOf(call)),
    stop: async () => {
      for (const agent of agents) agent.destroy()
      await Promise.all(nodes.map(endProgram))
      dropFolder(folder)
    },
  }
  await cluster.leader()
  await cluster.put(0)
  return cluster
}

const encodedValue = Buffer.from(VALUE).toString('base64')
let keys = 0

function putBody() {
  keys = (keys + 1) % 1_000
  return { key: Buffer.from(`key-${keys}`).toString('base64'), value: encodedValue }
}

async function leaderOf(call) {
  const found = await Promise.all(
    [0, 1, 2].map((at) => call(at, '/v3/maintenance/status', {}).catch(() => null)),
  )
  const answered = found.filter((one) => one?.status === 200).map((one) => one.body)
  const leader = answered[0]?.leader
  if (leader === undefined || leader === '0' || answered.some((one) => one.leader !== leader)) return null
  const at = found.findIndex((one) => one?.body?.header?.member_id === leader)
  const ids = found.map((one) => one?.body?.header?.member_id)
  return at < 0 ? null : { at, ids }
}

function post(agent, port, path, body) {
  return new Promise((resolve, reject) => {
    const bytes = JSON.stringify(body)
    const sent = request(
      {
        agent,
        port,
        path,
        host: '127.0.0.1',
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(bytes) },
      },
      (response) => {
        const parts = []
        response.on('data', (part) => parts.push(part))
        response.on('error', reject)
        response.on('end', () => {
          try {
            resolve({ status: response.statusCode, body: JSON.parse(Buffer.concat(parts).toString()) })
          } catch (error) {
            reject(error)
          }
        })
      },
    )
    sent.on('error', reject)
    sent.setTimeout(20_000, () => sent.destroy(new Error('no answer')))
    sent.end(bytes)
  })
}

/**
 * A write that somebody answers: the next endpoint 10 ms after an error, and one more attempt for every 50 ms
 * of silence, so that what is measured is the servers' gap and not the client's patience.
 */
export function hedged(put, first, endpoints = 3) {
  return new Promise((resolve) => {
    let over = false
    let at = first
    let silence
    const attempt = () => {
      if (over) return
      clearTimeout(silence)
      silence = setTimeout(attempt, 50)
      const to = at
      at = (at + 1) % endpoints
      put(to).then(
        (ok) => (ok ? win() : setTimeout(attempt, 10)),
        () => setTimeout(attempt, 10),
      )
    }
    const win = () => {
      if (over) return
      over = true
      clearTimeout(silence)
      resolve()
    }
    attempt()
  })
}
