import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { AskError } from '@tanist/core'
import { startPeer } from '@tanist/singleton'
import { printerOn } from './printer.js'

const USAGE = `node packages/examples/dist/printer/main.js --paper FILE [--name NAME] [--listen HOST:PORT] [--join A,B] [--data DIR]

  Then type, at any of the processes:
    print TEXT     on the printer, wherever it is driven
    slow MS        a job that takes so long
    jam            the printer fails; three times within 10 s is too often
    status         of this peer
    handover       the server role goes to the next in line
    restart        the printer is started again after it was given up
`

/** One printer, driven by whoever serves: a line typed at any process is printed once. */
async function main(): Promise<void> {
  const text = { type: 'string' } as const
  const options = { paper: text, name: text, listen: text, join: text, data: text }
  const {
    paper,
    name = 'printer',
    listen = '127.0.0.1:7301',
    join,
    data = `.tanist/${name}`,
  } = parseArgs({
    options,
  }).values
  if (paper === undefined) throw new TypeError(USAGE)
  const printer = printerOn(paper, name)
  const seeds = join?.split(',') ?? []
  const peer = await startPeer({
    app: 'printer',
    name,
    listen,
    data,
    seeds,
    expect: seeds.length + 1,
    roles: [],
    singletons: [printer],
  })
  const ref = peer.singleton(printer)
  const commands: Record<string, (rest: string) => Promise<unknown>> = {
    print: (rest) => ref.ask.print({ text: rest }),
    slow: (rest) => ref.askWithin(30_000).slow({ ms: Number(rest) }),
    jam: () => ref.ask.jam(),
    status: async () => {
      const { server, successors, singletons } = peer.status()
      return { server: server?.name ?? null, successors: successors.length, printer: singletons[0] }
    },
    handover: () => peer.transfer(),
    restart: () => peer.operate.restartSingleton(printer),
  }
  for await (const line of createInterface({ input: process.stdin })) {
    const [command = '', ...rest] = line.trim().split(' ')
    const run = commands[command]
    if (run === undefined) process.stdout.write(USAGE)
    else void answer(line.trim(), run(rest.join(' ')))
  }
  await peer.stop()
}

/** One line of JSON for each line typed, when it is done. */
async function answer(line: string, outcome: Promise<unknown>): Promise<void> {
  const said = await outcome.then(
    (value) => ({ line, ok: value ?? null }),
    (error: unknown) => ({
      line,
      code: error instanceof AskError ? error.code : 'error',
      text: String(error),
    }),
  )
  process.stdout.write(`${JSON.stringify(said)}\n`)
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
