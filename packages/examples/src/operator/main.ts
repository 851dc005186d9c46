// A program that is no member: watches the office board, and pins each line that is typed to it.
import { createInterface } from 'node:readline'
import { connect } from '@tanist/singleton'
import { board, readAccess } from '../office/index.js'
import { pinNote, watchOffice } from './operator.js'

const help = `npm run operator -- FOLDER

Watches the office whose data is in FOLDER ("npm start" says how to call this), and pins every line that you type
to its board. Crash any peer meanwhile: this program goes to another one by itself. End with Ctrl-D.
`

const say = (text: string): void => void process.stdout.write(`${text}\n`)

async function main(folder: string): Promise<void> {
  const { secret, addresses } = readAccess(folder)
  const client = await connect({
    app: 'office-board',
    secret,
    addresses,
    roles: [board],
    name: 'operator',
    log: { write: () => {} },
  })
  const stop = watchOffice(client, say)
  const answers: Promise<void>[] = []
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() !== '') answers.push(pinNote(client, line.trim()).then(say))
  }
  await Promise.all(answers)
  stop()
  await client.close()
}

const [folder = '--help'] = process.argv.slice(2).filter((argument) => argument !== '--')
if (folder === '--help') say(help)
else {
  main(folder).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  })
}
