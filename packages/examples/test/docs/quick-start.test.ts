import type { ChildProcess } from 'node:child_process'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { blocksOf, page } from './pages.js'
import { ended, freePorts, Workshop } from './workshop.js'

interface Terminal {
  readonly process: ChildProcess
  text: string
}

const numbersIn = ({ text }: Terminal): number[] => [...text.matchAll(/^\d+$/gm)].map(Number)
const serverIn = ({ text }: Terminal): string | undefined =>
  [...text.matchAll(/^(\S+) serves$/gm)].at(-1)?.[1]

async function until(condition: () => boolean, what: () => string): Promise<void> {
  for (const endMs = Date.now() + 45_000; !condition(); ) {
    if (Date.now() > endMs) throw new Error(`Waited in vain: ${what()}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

describe('the quick start of the README', () => {
  let workshop: Workshop
  beforeEach(() => {
    workshop = new Workshop()
  })
  afterEach(() => workshop.close())

  it('counts on three terminals, goes on when the server is killed, and takes it back', async () => {
    const block = blocksOf(page('README.md').text).find(({ words }) => words.includes('three-peers'))
    const ports = await freePorts(3)
    const program = [7101, 7102, 7103].reduce(
      (text, port, i) => text.replaceAll(`127.0.0.1:${port}`, `127.0.0.1:${ports[i]}`),
      block?.text ?? '',
    )
    expect(program).toContain(`127.0.0.1:${ports[2]}`)
    workshop.write('counter.mjs', program)

    const everybody: Terminal[] = []
    const open = (number: number): Terminal => {
      const process = workshop.start([`${workshop.folder}/counter.mjs`, String(number)])
      const terminal = { process, text: '' }
      const hear = (text: string): void => void (terminal.text += text)
      process.stdout?.on('data', hear)
      process.stderr?.on('data', hear)
      everybody.push(terminal)
      return terminal
    }
    const told = (): string => everybody.map(({ text }) => text).join('\n---\n')
    const countOn = async (terminals: readonly Terminal[]): Promise<void> => {
      const before = terminals.map((one) => numbersIn(one).length)
      await until(() => terminals.every((one, i) => numbersIn(one).length >= (before[i] ?? 0) + 2), told)
    }

    const terminals = [open(1), open(2), open(3)]
    await countOn(terminals)
    const killed = ports.findIndex((port) => terminals[0] && serverIn(terminals[0]) === `127.0.0.1:${port}`)
    const [server] = terminals.splice(killed, 1)
    expect(server, told()).toBeDefined()
    server?.process.kill('SIGKILL')
    await countOn(terminals)
    const back = open(killed + 1)
    await countOn([...terminals, back])
    expect(terminals.map(serverIn)).not.toContain(`127.0.0.1:${ports[killed]}`)

    const all = everybody.flatMap(numbersIn)
    expect(new Set(all).size, told()).toBe(all.length)
    for (const one of [back, ...terminals]) {
      const code = ended(one.process)
      one.process.kill('SIGINT')
      expect(await code, told()).toBe(0)
    }
  })
})
