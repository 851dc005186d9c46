// One peer process of the office board. The launcher starts it (see main.ts) and may die at any time.
import { createWriteStream } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { startPeer } from '@tanist/singleton'
import type { Peer } from '@tanist/singleton'
import { jsonLog } from '@tanist/transport'
import { Live } from './live.js'
import { CONFIG_VARIABLE } from './messages.js'
import type { Chairs, FromPeer, PeerConfig, ToPeer } from './messages.js'
import { loadPage } from './page/load.js'
import { board } from './role.js'
import { createRoutes } from './routes.js'
import { Views } from './view.js'

/** Peers say it of themselves: the page shows who runs what while an office is being upgraded. */
const VERSION = '1.0.0'
/** Commands under way get this long to be answered before this peer goes; the page asks again elsewhere. */
const ANSWERING_MS = 1_000
/** A peer that cannot go in peace within this time goes nevertheless. */
const GOING_MS = 6_000

const tell = (message: FromPeer): void => {
  // The launcher may die at this very moment; then 'disconnect' follows.
  if (process.connected) process.send?.(message, undefined, undefined, () => {})
}

async function run({ name, listen, seeds, data, secret, expect }: PeerConfig): Promise<void> {
  const views = new Views()
  let peer: Peer | null = null
  let chairs: Chairs = { chairs: [], mayStart: false }
  const view = () => peer && { ...views.of(peer.status()), ...chairs }
  let latest = board.state()
  const live = new Live({ board: () => latest, office: view })
  const routes = createRoutes({
    page: loadPage(),
    live,
    peer: () => peer,
    view,
    wish: process.send ? (wish) => tell({ kind: 'wish', wish }) : null,
  })

  const logFile = createWriteStream(`${data}.log`, { flags: 'a' })
  logFile.on('error', () => {})
  const log = jsonLog({ write: (line) => void logFile.write(line) })
  const app = 'office-board'
  const own = await startPeer({
    app,
    secret,
    name,
    listen,
    // The launcher knows where all its peers are.
    discovery: false,
    seeds,
    data,
    expect,
    log,
    roles: [board],
    about: { version: VERSION, load: 'auto' },
    http: routes.listener,
  })
  peer = own

  let going = false
  const go = async (how: 'leave' | 'stop'): Promise<void> => {
    if (going) return
    going = true
    setTimeout(() => process.exit(1), GOING_MS)
    await Promise.race([routes.close(), pause(ANSWERING_MS)])
    await own[how]()
    process.exit(0)
  }
  process.on('SIGTERM', () => void go('stop'))
  // Ctrl-C reaches every process of the terminal; the launcher decides what it means.
  process.on('SIGINT', () => process.connected || void go('stop'))
  process.on('disconnect', () => void go('stop'))
  process.on('message', (message: ToPeer) => {
    if (message.kind === 'leave') return void go('leave')
    ;({ chairs } = message)
    live.changed('office')
  })

  own.role(board).state$.subscribe((state) => {
    latest = state
    live.changed('board')
  })
  own.status$.subscribe((status) => {
    tell({ kind: 'view', view: views.of(status) })
    live.changed('office')
  })
  void own.stopped.then((error) => error && fail(error))
  await own.joined
  tell({ kind: 'joined' })
}

function fail(error: unknown): void {
  const text = error instanceof Error ? error.message : String(error)
  if (!process.connected) console.error(text)
  tell({ kind: 'failed', text })
  // The exit code is enough for the launcher when the message does not get through.
  setTimeout(() => process.exit(1), 100)
}

const config = process.env[CONFIG_VARIABLE]
if (config === undefined) {
  console.error('This program is one peer of the office board; start the office with "npm start".')
  process.exitCode = 2
} else {
  run(JSON.parse(config) as PeerConfig).catch(fail)
}
