import { ndjson, parseNdjson } from '@tanist/core/testing'
import { expect, it } from 'vitest'
import { withReigns } from '../../src/testing/with-reigns.js'

it('puts reigns among the other spans, in the order of their beginnings', () => {
  const down = { node: 'ann', kind: 'down' as const, fromMs: 20, toMs: 30, text: 'crashed' }
  const recording = { nodes: ['ann', 'bob'], endMs: 90, messages: [], spans: [down], notes: [] }
  const drawn = withReigns(recording, [
    { node: 'ann', term: 1, fromMs: 5, toMs: 20 },
    { node: 'bob', term: 2, fromMs: 40, toMs: null },
  ])
  expect(drawn.spans.map(({ node, kind, fromMs, toMs, term }) => [node, kind, fromMs, toMs, term])).toEqual([
    ['ann', 'reign', 5, 20, 1],
    ['ann', 'down', 20, 30, undefined],
    ['bob', 'reign', 40, null, 2],
  ])
  expect(parseNdjson(ndjson(drawn))).toEqual(drawn)
})
