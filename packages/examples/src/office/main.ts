// The office board's launcher: starts the peers, tells what happens and does what the page's buttons ask.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { narrate } from './narrate.js'
import { Office } from './office.js'
import { help, parseOptions } from './options.js'
import type { Options } from './options.js'
import { playStory } from './story.js'

const startedMs = performance.now()

function say(text: string): void {
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1)
  process.stdout.write(`${seconds.padStart(6)} s  ${text}\n`)
}

/** Open until Ctrl-C; a second Ctrl-C does not wait. */
async function open(office: Office): Promise<number> {
  say('Starting the office; in a few seconds the peers have found each other.')
  await office.start()
  const urls = office.running.map(({ url }) => url)
  say(`The office is open. The board is on every peer: ${urls.join('  ')}`)
  say('Open any of them; stop with Ctrl-C.')
  say(`For programs: ${urls[0]}tanist/manifest and ${urls[0]}tanist/metrics, on each of them.`)
  say(`From another terminal, a program that is no member: npm run operator -- ${office.folder}`)
  await new Promise<void>(() => {})
  return 0
}

async function main({ data, peers, firstPort, story, seconds }: Options): Promise<void> {
  const folder = data === null ? mkdtempSync(join(tmpdir(), 'tanist-office-')) : resolve(data)
  const office = new Office({ folder, peers, firstPort, on: (event) => say(narrate(event)) })
  let ending: Promise<void> | null = null
  const end = async (code: number): Promise<void> => {
    await office.stop()
    if (data === null) rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    process.exitCode = code
    // A waiting story or a signal handler must not keep the process.
    process.exit()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (ending) office.kill()
      else {
        say('Closing the office.')
        // A story that was not told to its end proves nothing.
        ending = end(story ? 130 : 0)
      }
    })
  }
  try {
    const code = await (story ? playStory(office, { seconds, say }) : open(office))
    ending ??= end(code)
  } catch (error) {
    if (!ending) process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    ending ??= end(1)
  }
}

const parsed = parseOptions(process.argv.slice(2))
switch (parsed.kind) {
  case 'help':
    process.stdout.write(help)
    break
  case 'wrong':
    process.stderr.write(`${parsed.text}\n`)
    process.exitCode = 2
    break
  case 'run':
    await main(parsed.options)
}
