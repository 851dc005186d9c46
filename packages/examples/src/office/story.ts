import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { count } from './count.js'
import { HttpClient } from './http-client.js'
import { person } from './narrate.js'
import type { Office } from './office.js'
import { Writer } from './writer.js'

export interface StoryOptions {
  /** About; what must happen is waited for, however long it takes. */
  readonly seconds: number
  readonly say: (text: string) => void
}

type Takeover =
  /** From the call of `kill -9` to the first acknowledgement of a command issued after it. */
  | { readonly kind: 'crash'; readonly ms: number }
  /** The longest silence between two acknowledgements while the server left. */
  | { readonly kind: 'leave'; readonly ms: number; readonly failed: number }

const CRASHES = 3
const LEAVES = 2
/** The story has two pauses for each crash and leave, one at the beginning, and takes about 6 s for the rest. */
const PAUSES = 2 * (CRASHES + LEAVES) + 1
const REST_SECONDS = 6

/** Plays the story and resolves with the exit code: 1 when anything was lost or doubled, or a leave cost a command. */
export async function playStory(office: Office, { seconds, say }: StoryOptions): Promise<number> {
  const breath = (): Promise<void> => pause(Math.max(200, ((seconds - REST_SECONDS) / PAUSES) * 1_000))
  say('This is the story of an office without a server.')
  await office.start()
  const writer = new Writer({
    client: `story-${randomBytes(4).toString('hex')}`,
    urls: () => office.urls,
    perSecond: 100,
    atOnce: 2,
    mostInFlight: 64,
    deadlineMs: 10_000,
  })
  say('Everybody is here. A writer begins: 100 notes a second, two at a time, to all peers in turn.')
  writer.start()
  const takeovers: Takeover[] = []
  await breath()
  for (let i = 0; i < CRASHES; i++) {
    takeovers.push(await crash(office, writer, say))
    await breath()
    const [gone] = office.crashed
    if (gone) {
      say(`${person(gone.name)} returns with what it has on disk.`)
      await office.return(gone.name)
    }
    await office.settled()
    await breath()
  }
  for (let i = 0; i < LEAVES; i++) {
    takeovers.push(await leave(office, writer, say))
    await breath()
  }
  await writer.stop()
  say(
    `The writer stops after ${writer.acknowledged.size} acknowledged notes. Every peer is asked for its board.`,
  )
  return report(office, writer, takeovers, say)
}

async function crash(office: Office, writer: Writer, say: (text: string) => void): Promise<Takeover> {
  const server = office.server ?? ''
  say(`${person(server)} is the server, and is killed: kill -9.`)
  const at = office.crash(server)
  const ms = tenths(await writer.firstAckAfter(at))
  say(`${ms} ms after the kill the next note was acknowledged.`)
  await office.until(() => office.crashed.length > 0)
  await office.settled()
  return { kind: 'crash', ms }
}

async function leave(office: Office, writer: Writer, say: (text: string) => void): Promise<Takeover> {
  const server = office.server ?? ''
  const watch = writer.watch()
  await office.leave(server)
  await office.settled()
  // A command of these moments may still be on its way to an end.
  await pause(100)
  watch.end()
  const ms = tenths(watch.silenceMs())
  say(`The writer's longest wait while ${person(server)} left was ${ms} ms; ${watch.failed()} notes failed.`)
  return { kind: 'leave', ms, failed: watch.failed() }
}

async function report(
  office: Office,
  writer: Writer,
  takeovers: readonly Takeover[],
  say: (text: string) => void,
): Promise<number> {
  const boards = new Map<string, readonly string[]>()
  for (const { name, url } of office.running) {
    const texts = await readBoard(url)
    boards.set(name, texts)
    say(`${person(name)} has ${texts.length} notes.`)
  }
  const { acknowledged, lost, doubled, findings } = count(writer.acknowledged, boards)
  for (const text of [...findings, ...writer.failures.map((failure) => `Failed: ${failure}.`)]) say(text)
  say(
    lost + doubled === 0
      ? 'Nothing that was acknowledged is lost, and nothing is there twice.'
      : `${lost} acknowledged notes are lost, ${doubled} are there twice.`,
  )
  process.stdout.write(`${JSON.stringify({ acknowledged, lost, doubled, takeovers })}\n`)
  const failed = takeovers.some((one) => one.kind === 'leave' && one.failed > 0)
  return lost + doubled > 0 || failed ? 1 : 0
}

/** A linearizable read: the peer answers when it holds everything that was acknowledged anywhere before. */
async function readBoard(url: string): Promise<string[]> {
  const client = new HttpClient(url)
  try {
    const reply = await new Promise<Parameters<Parameters<HttpClient['get']>[1]>[0]>((resolve) =>
      client.get('/api/board', resolve),
    )
    if ('error' in reply || reply.status !== 200) {
      throw new Error(`The board of ${url} could not be read: ${JSON.stringify(reply)}`)
    }
    return (reply.body as { notes: { text: string }[] }).notes.map(({ text }) => text)
  } finally {
    client.close()
  }
}

function tenths(ms: number): number {
  return Math.round(ms * 10) / 10
}
