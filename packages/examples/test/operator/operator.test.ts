import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  boardOf,
  compile,
  eventually,
  later,
  office,
  Program,
  temporaryFolder,
  wish,
} from '../office/running.js'

beforeAll(compile)

const MAIN = fileURLToPath(new URL('../../dist/operator/main.js', import.meta.url))

/** `npm run operator -- FOLDER`, without npm. */
class Operator {
  readonly process: ChildProcess
  text = ''

  constructor(folder: string) {
    this.process = spawn(process.execPath, [MAIN, folder], { stdio: ['pipe', 'pipe', 'pipe'] })
    const hear = (part: Buffer): void => void (this.text += part.toString())
    this.process.stdout?.on('data', hear)
    this.process.stderr?.on('data', hear)
    later(() => void this.process.kill('SIGKILL'))
  }

  types(line: string): void {
    this.process.stdin?.write(`${line}\n`)
  }

  async says(text: string): Promise<void> {
    await eventually(() => {
      if (this.process.exitCode !== null && !this.text.includes(text)) throw new Error(this.text)
      return this.text.includes(text)
    })
  }

  /** To which peer it is linked now. */
  get member(): string {
    return [...this.text.matchAll(/^Linked to (\w+)\.$/gm)].at(-1)?.[1] ?? ''
  }
}

describe('the operator', () => {
  it('watches the office and pins notes, also when its peer and then the server crash', async () => {
    const folder = temporaryFolder()
    const program = new Program('--peers', '4', '--data', folder)
    const urls = await program.urls()
    expect(program.said()).toContain(`npm run operator -- ${folder}`)
    const operator = new Operator(folder)
    operator.types('one')
    await operator.says('Acknowledged at')
    await operator.says('New: one')

    const first = operator.member
    const names = ['ada', 'ben', 'cleo', 'dora']
    const urlOf = (name: string): string => urls[names.indexOf(name)] ?? ''
    const from = urls.find((url) => url !== urlOf(first)) ?? ''
    expect(await wish(from, { act: 'crash', name: first })).toBe(202)
    operator.types('two')
    await operator.says('New: two')
    expect(operator.member).not.toBe(first)

    const living = urls.filter((url) => url !== urlOf(first))
    const { server } = await office(living[0] ?? '')
    const other = living.find((url) => url !== urlOf(server ?? '')) ?? ''
    expect(await wish(other, { act: 'crash', name: server ?? '' })).toBe(202)
    operator.types('three')
    await operator.says('New: three')
    const { notes } = await boardOf(other)
    expect(notes.map(({ text }) => text)).toEqual(['one', 'two', 'three'])

    const closed = once(operator.process, 'close')
    operator.process.stdin?.end()
    expect(await closed).toEqual([0, null])
    await program.close()
  })

  it('says in a sentence that nobody is there', async () => {
    const operator = new Operator(temporaryFolder())
    await operator.says('No office keeps its data in')
    expect(operator.text).not.toContain('    at ')
  })
})
