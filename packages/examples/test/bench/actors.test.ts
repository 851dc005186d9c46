import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const program = fileURLToPath(new URL('../../bench/main.mjs', import.meta.url))

interface Run {
  readonly code: number
  readonly out: string
  readonly err: string
}

function bench(...words: string[]): Promise<Run> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [program, 'actors', ...words], (_, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    )
  })
}

describe('the benchmark of actors', () => {
  it('measures every row, prints ratios and says which targets were reached', async () => {
    const { code, out, err } = await bench('--quick', '--times=1', '--share=0.001')
    expect(err).toBe('')
    // So small, the numbers mean nothing, and targets may be missed.
    expect([0, 1]).toContain(code)
    const titles = out.split('\n').filter((line) => /^\S/.test(line))
    expect(titles).toHaveLength(11)
    expect(out).not.toMatch(/NaN|undefined/)
    expect(out.match(/^ {2}nact .* tanist has [\d.]+ x as many$/gm)).toHaveLength(7)
    const verdicts = [...out.matchAll(/^ {2}target: (.*?): .*: (reached|NOT reached)/gm)].map(
      ([, what]) => what,
    )
    expect(verdicts).toEqual(
      expect.arrayContaining([
        'tell, of nact',
        'with children, of without',
        'spawn, of nact',
        'p99 later than idle',
      ]),
    )
    expect(code).toBe(out.includes('NOT reached') ? 1 : 0)
  })

  it('refuses a row that does not exist', async () => {
    const { code, err } = await bench('--only=tel')
    expect(code).toBe(2)
    expect(err).toContain('There is no row "tel"; there are tell, children,')
  })
})
