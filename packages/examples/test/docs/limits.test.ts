import { describe, expect, it } from 'vitest'
import { page } from './pages.js'

const { text } = page('docs/configuration.md')

/** Sums and products of numbers and of names that are known already. */
function valueOf(source: string, known: ReadonlyMap<string, readonly number[]>): number {
  const factor = (word: string): number => known.get(word)?.[0] ?? Number(word.replaceAll('_', ''))
  const product = (part: string): number => part.split(' * ').reduce((all, word) => all * factor(word), 1)
  const [first = '', ...rest] = source.split(' - ')
  return product(first) - rest.reduce((all, part) => all + product(part), 0)
}

/** The limits that a `limits.ts` exports, in their order; of one with several fields all of them. */
function limitsOf(path: string): Map<string, readonly number[]> {
  const limits = new Map<string, readonly number[]>()
  const source = page(path).text
  for (const [, name = '', body = ''] of source.matchAll(/^export const (\w+)(?:: [^=]+)? = ([^'"]+?)$/gm)) {
    const fields = [...(body === '{' ? blockAfter(source, name) : body).matchAll(/\w+: ([\w* ]+)/g)]
    const values = fields.length > 0 ? fields.map(([, value = '']) => value) : [body]
    limits.set(
      name,
      values.map((value) => valueOf(value.trim(), limits)),
    )
  }
  return limits
}

function blockAfter(source: string, name: string): string {
  return source.split(`const ${name}`)[1]?.split('\n}')[0]?.split('= {')[1] ?? ''
}

/** As people write it: `65,536`, `64 KiB`, `3 s`. */
function writings(value: number): string[] {
  const inUnits = (unit: number, name: string): string => `${(value / unit).toLocaleString('en')} ${name}`
  return [value.toLocaleString('en'), inUnits(1_024, 'KiB'), inUnits(1_048_576, 'MiB'), inUnits(1_000, 's')]
}

function rowsBelow(heading: string): Map<string, string> {
  const section = text.split(`\n### ${heading}\n`)[1]?.split(/\n##/)[0] ?? ''
  const rows = section.matchAll(/^\|[^|]*\| `(\w+)` \| ([^|]+) \|$/gm)
  return new Map([...rows].map(([, name = '', value = '']) => [name, value]))
}

describe('a frame of a client', () => {
  it('has one limit, at the client, at the port and at the desk', () => {
    const port = limitsOf('packages/transport/src/limits.ts')
    const desk = limitsOf('packages/singleton/src/gateway/limits.ts')
    const client = limitsOf('packages/singleton/src/client/limits.ts').get('FRAME_BYTES')
    const frames = (limits: typeof port): unknown[] =>
      ['trustedFrameBytes', 'strayFrameBytes'].map((name) => limits.get(name)?.[0])
    expect([frames(port), frames(desk)]).toEqual([client, client])
  })
})

describe('the limits in docs/configuration.md', () => {
  it.each([
    ['packages/core/src/codec/limits.ts', ['Of values']],
    ['packages/transport/src/limits.ts', ['Of links and ports', 'Of discovery', 'Of HTTP connections']],
    ['packages/singleton/src/gateway/limits.ts', ['Of clients at a member']],
    ['packages/singleton/src/gateway/http-limits.ts', ['Of commands by HTTP']],
    ['packages/singleton/src/client/limits.ts', ['At a client']],
  ])('of %s are all there, with their values', (path, headings) => {
    const limits = limitsOf(path)
    const rows = new Map(headings.flatMap((heading) => [...rowsBelow(heading)]))
    expect(limits.size).toBeGreaterThan(3)
    expect([...rows.keys()].toSorted()).toEqual([...limits.keys()].toSorted())
    const wrong = [...rows].filter(([name, said]) => {
      const words = said.split('; ').map((word) => word.replace(/ (?:at once|a second)$/, ''))
      return !limits.get(name)?.every((value) => writings(value).some((writing) => words.includes(writing)))
    })
    expect(wrong).toEqual([])
  })
})
