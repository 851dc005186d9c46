import { JoinError, startPeer } from '@tanist/singleton'
import { jsonLog } from '@tanist/transport'
import { Desk } from './http.js'
import { Life } from './life.js'
import { BadOption, parseOptions, USAGE } from './options.js'
import type { Options } from './options.js'
import { register } from './role.js'

/** A replicated register store: every process is a member, and any of them answers every request. */
async function main(args: readonly string[]): Promise<void> {
  const options = parseOptions(args)
  if (options === 'help') return void process.stdout.write(USAGE)
  let life: Life | null = null
  onSignals(() => (life === null ? process.exit(0) : void life.end('stop')))
  const log = jsonLog()
  const desk = new Desk(log, async () => (await life?.end('leave')) ?? false)
  const peer = await startPeer({ ...settingsOf(options), http: desk.listener, log })
  life = new Life(log, peer, desk)
  desk.open(peer)
  log.write('info', 'listening', `Members and HTTP at ${peer.address}.`, {
    address: peer.address,
    id: peer.id,
  })
  const failure = await peer.stopped
  if (failure !== null) throw failure
}

function settingsOf({
  name,
  listen,
  data,
  join,
  secret,
  mode,
  expect,
}: Options): Parameters<typeof startPeer>[0] {
  const named = name === undefined ? {} : { name }
  return {
    app: 'tanist-register',
    roles: [register],
    listen,
    data,
    // Whom it works with is said by --join alone.
    discovery: false,
    seeds: join,
    secret,
    mode,
    expect,
    ...named,
  }
}

/** The first signal asks the process to end, a second one does not ask. */
function onSignals(first: () => void): void {
  let signals = 0
  const onSignal = (): void => {
    signals += 1
    if (signals > 1) process.exit(1)
    first()
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
}

/** One sentence: 2 for a command line to be corrected, 1 for everything else. */
function fail(error: unknown): never {
  const wrong = error instanceof BadOption || (error instanceof JoinError && error.code === 'option')
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(wrong ? 2 : 1)
}

main(process.argv.slice(2)).catch(fail)
