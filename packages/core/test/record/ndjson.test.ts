import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createWorld, ndjson, parseNdjson, type Recording } from '../../src/testing/index.js'
import { gossipRun, scheduleOf } from '../world/gossip.js'

const time = fc.nat(5_000_000).map((tick) => tick / 1024)
const name = fc.oneof(fc.constantFrom('ann', 'bob'), fc.string())
const byTime =
  <T>(at: (one: T) => number) =>
  (list: T[]): T[] =>
    list.toSorted((x, y) => at(x) - at(y))

const recordings: fc.Arbitrary<Recording> = fc.record({
  nodes: fc.array(name),
  endMs: time,
  messages: fc
    .array(
      fc.record({
        id: fc.nat(),
        from: name,
        to: name,
        sentMs: time,
        endMs: fc.option(time),
        fate: fc.constantFrom('arrived' as const, 'lost' as const, 'under way' as const),
        kind: fc.string(),
        what: fc.string({ unit: 'grapheme' }),
      }),
    )
    .map(byTime((message) => message.sentMs)),
  spans: fc
    .array(
      fc.record(
        {
          node: name,
          kind: fc.constantFrom('down' as const, 'no power' as const, 'reign' as const, 'fault' as const),
          fromMs: time,
          toMs: fc.option(time),
          text: fc.string(),
          term: fc.nat(),
        },
        { requiredKeys: ['node', 'kind', 'fromMs', 'toMs', 'text'] },
      ),
    )
    .map(byTime((span) => span.fromMs)),
  notes: fc
    .array(
      fc.record({
        atMs: time,
        node: name,
        kind: fc.constantFrom('log' as const, 'fault' as const, 'life' as const),
        text: fc.string(),
      }),
    )
    .map(byTime((note) => note.atMs)),
})

describe('NDJSON', () => {
  it('gives back any recording', () => {
    fc.assert(
      fc.property(recordings, (recording) => {
        expect(parseNdjson(ndjson(recording))).toEqual(recording)
      }),
    )
  })

  it('gives back a run with faults, one JSON object a line in the order of time', () => {
    const world = createWorld({ seed: 2, record: true })
    gossipRun(world, scheduleOf(2))
    const { recording } = world
    const lines = ndjson(recording).trimEnd().split('\n')
    const objects = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(objects[0]).toEqual({
      type: 'recording',
      version: 1,
      nodes: recording.nodes,
      endMs: recording.endMs,
    })
    const times = objects.slice(1).map((one) => Number(one['sentMs'] ?? one['fromMs'] ?? one['atMs']))
    expect(times).toEqual(times.toSorted((x, y) => x - y))
    expect(times.length).toBe(recording.messages.length + recording.spans.length + recording.notes.length)
    expect(parseNdjson(ndjson(recording))).toEqual(recording)
  })

  it('skips lines of types that it does not know', () => {
    const text = ndjson({ nodes: ['a'], endMs: 1, messages: [], spans: [], notes: [] })
    expect(parseNdjson(`${text}{"type":"weather","text":"rain"}\n`).nodes).toEqual(['a'])
  })

  it.each([
    ['', 'line 1: a recording begins with a line of the type "recording"'],
    ['{"type":"note"}', 'line 1: a recording begins'],
    ['{"type":"recording","version":2,"nodes":[],"endMs":0}', 'line 1: version 2'],
    ['{"type":"recording","version":1,"nodes":[1],"endMs":0}', 'line 1: "nodes"'],
    ['{"type":"recording","version":1,"nodes":[],"endMs":0}\n\nno', 'line 3 is no JSON'],
    [
      '{"type":"recording","version":1,"nodes":[],"endMs":0}\n{"type":"note","atMs":0,"node":"","kind":"joke","text":""}',
      'line 2: "kind"',
    ],
  ])('says which line is wrong: %s', (text, said) => {
    expect(() => parseNdjson(text)).toThrow(said)
  })
})
