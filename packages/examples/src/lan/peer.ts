// One peer process on a host of the LAN; main.ts starts it, breaks its network, and kills it.
import { setTimeout as pause } from 'node:timers/promises'
import { startPeer } from '@tanist/singleton'
import type { Peer, PeerStatus } from '@tanist/singleton'
import { CONFIG_VARIABLE } from './messages.js'
import type { FromPeer, PeerConfig, Row, ToPeer } from './messages.js'
import { tally } from './role.js'

const EVERY_MS = 100

/** What its log says that a run wants to know. */
const NOTES = new Set([
  'clusters-met',
  'discovery-foreign',
  'founded',
  'address-changed',
  'address-lost',
  'resumed',
  'moved',
  'removing',
  'admitting',
  'peer-refused',
  'peer-failed',
])

const tell = (message: FromPeer): void => {
  if (process.connected) process.send?.(message, undefined, undefined, () => {})
}

const rowsOf = (status: PeerStatus): Row[] =>
  status.members.map(({ id, name, address, incarnation, seniority, reachable }) => ({
    id,
    name,
    address,
    incarnation,
    seniority,
    reachable,
  }))

async function run({ app, name, data, secret, seeds, expect, listen, discovers }: PeerConfig): Promise<void> {
  const peer = await startPeer({
    app,
    secret,
    name,
    data,
    expect,
    seeds: [...seeds],
    listen,
    discovery: discovers ? {} : false,
    roles: [tally],
    log: {
      write: (_level, event, text, more) => {
        const atMs = Date.now()
        if (event === 'evidence')
          tell({
            kind: 'evidence',
            atMs,
            class: String(more?.['class']),
            memberId: String(more?.['memberId']),
            text,
          })
        else if (NOTES.has(event)) tell({ kind: 'note', atMs, event, text })
      },
    },
  })
  peer.status$.subscribe((status) => {
    tell({ kind: 'view', atMs: Date.now(), members: rowsOf(status), server: status.server?.name ?? null })
  })
  let writes = false
  process.on('message', (message: ToPeer) => {
    if (message.kind === 'write') writes = message.on
    else void peer.read(tally, { consistency: 'local' }).then(({ ids }) => tell({ kind: 'held', ids }))
  })
  process.on('disconnect', () => process.exit(0))
  void peer.stopped.then((error) => error && fail(error))
  await peer.joined
  tell({ kind: 'joined', atMs: Date.now() })
  await write(peer, `${name}-${peer.status().self.incarnation}`, () => writes)
}

/** One command after another, for ever. */
async function write(peer: Peer, prefix: string, on: () => boolean): Promise<never> {
  for (let n = 0; ; n += 1) {
    await pause(EVERY_MS)
    if (!on()) continue
    const id = `${prefix}-${n}`
    const sinceMs = Date.now()
    const outcome = await peer.role(tally).note({ id })
    const atMs = Date.now()
    if (outcome.status === 'ok') tell({ kind: 'acknowledged', atMs, id, tookMs: atMs - sinceMs })
  }
}

function fail(error: unknown): void {
  tell({ kind: 'failed', atMs: Date.now(), text: error instanceof Error ? error.message : String(error) })
  setTimeout(() => process.exit(1), 100)
}

run(JSON.parse(process.env[CONFIG_VARIABLE] ?? '{}') as PeerConfig).catch(fail)
