// The shop: one peer with a page, or the story of three.
import { startPaymentService } from './child.js'
import { help, parseOptions } from './options.js'
import type { Options } from './options.js'
import { runPeer } from './peer.js'
import { playStory } from './story.js'

async function main(options: Options): Promise<number> {
  if (options.story) return playStory()
  if (options.bank !== null) return runPeer({ ...options, bank: options.bank })
  const bank = await startPaymentService()
  console.log(`The payment service: ${bank.url}books`)
  try {
    return await runPeer({ ...options, bank: bank.url })
  } finally {
    bank.stop()
  }
}

// Whoever started this process as a child has died.
process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'))

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
    try {
      process.exit(await main(parsed.options))
    } catch (error) {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
      process.exit(1)
    }
}
