import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Peer } from '../../src/index.js'
import { TANIST_VERSION } from '../../src/gateway/versions.js'
import { counter, Office } from '../join/office.js'

interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** The text format, as a scraper reads it; throws at the first line that is none. */
function parse(text: string): { samples: Sample[]; types: Map<string, string> } {
  const types = new Map<string, string>()
  const samples: Sample[] = []
  if (!text.endsWith('\n')) throw new Error('the last line has no end')
  let family = ''
  const done = new Set<string>()
  for (const line of text.slice(0, -1).split('\n')) {
    const comment = /^# (HELP|TYPE) ([a-z_:][a-z0-9_:]*) (.+)$/.exec(line)
    if (comment?.[1] === 'HELP') {
      family = comment[2]!
      if (done.has(family)) throw new Error(`${family} comes twice`)
      done.add(family)
      continue
    }
    if (comment) {
      types.set(comment[2]!, comment[3]!)
      continue
    }
    const parts = /^([a-z_:][a-z0-9_:]*)(?:\{(.*)\})? (-?[\d.e+-]+)$/.exec(line)
    if (!parts?.[1]?.startsWith(family)) throw new Error(`not a sample of ${family}: ${line}`)
    const labels: Record<string, string> = {}
    let rest = parts[2] ?? ''
    while (rest !== '') {
      const label = /^([a-z_]+)="((?:[^"\\]|\\["\\n])*)"(?:,|$)/.exec(rest)
      if (!label) throw new Error(`no label: ${rest}`)
      labels[label[1]!] = label[2]!.replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c))
      rest = rest.slice(label[0].length)
    }
    samples.push({ name: parts[1], labels, value: Number(parts[3]) })
  }
  return { samples, types }
}

let office: Office
let ann: Peer
const NAME = 'an "odd" \\ name\nof two lines'
beforeAll(async () => {
  office = new Office()
  ann = await office.start({ name: NAME })
  await ann.joined
  for (let i = 0; i < 5; i++) await ann.role(counter).add({ by: 1 })
  await ann.role(counter).add({ by: 0 })
})
afterAll(() => office.close())

const scrape = async (): Promise<ReturnType<typeof parse>> => {
  const response = await fetch(`http://${ann.address}/metrics`)
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  return parse(await response.text())
}

describe('metrics for Prometheus', () => {
  it('name what they count by the rules, and escape what people wrote', async () => {
    const { samples, types } = await scrape()
    expect(samples.find(({ name }) => name === 'tanist_info')?.labels).toMatchObject({
      app: 'office',
      name: NAME,
    })
    for (const [name, type] of types) {
      expect(name.endsWith('_total')).toBe(type === 'counter')
      expect(name).not.toMatch(/_ms$|_milliseconds/)
    }
    expect(samples.every(({ value }) => Number.isFinite(value))).toBe(true)
  })

  it('count what happened', async () => {
    const { samples } = await scrape()
    const value = (name: string, labels: object = {}): number | undefined =>
      samples.find(
        (one) => one.name === name && Object.entries(labels).every(([key, text]) => one.labels[key] === text),
      )?.value
    expect(value('tanist_calls_total', { role: 'counter', outcome: 'ok' })).toBe(5)
    expect(value('tanist_calls_total', { role: 'counter', outcome: 'refused' })).toBe(1)
    expect(value('tanist_serving')).toBe(1)
    expect(value('tanist_members', { state: 'up' })).toBe(1)
    expect(value('process_resident_memory_bytes')).toBeGreaterThan(1e6)
    expect(value('tanist_http_answers_total', { code: '200' })).toBeGreaterThanOrEqual(1)
  })

  it('have histograms that grow from bucket to bucket up to their count', async () => {
    const { samples } = await scrape()
    const of = (name: string): Sample[] =>
      samples.filter(
        (one) => one.name === `tanist_call_duration_seconds${name}` && one.labels['role'] === 'counter',
      )
    const buckets = of('_bucket')
    const bounds = buckets.map(({ labels }) => (labels['le'] === '+Inf' ? Infinity : Number(labels['le'])))
    expect(bounds).toEqual(bounds.toSorted((a, b) => a - b))
    expect(bounds.at(-1)).toBe(Infinity)
    const counts = buckets.map(({ value }) => value)
    expect(counts).toEqual(counts.toSorted((a, b) => a - b))
    expect(counts.at(-1)).toBe(of('_count')[0]!.value)
    expect(of('_count')[0]!.value).toBe(6)
    expect(of('_sum')[0]!.value).toBeLessThan(60)
  })

  it('give the version of this package', () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string
    }
    expect(TANIST_VERSION).toBe(version)
  })
})
