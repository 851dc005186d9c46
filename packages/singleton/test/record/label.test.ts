import type { Entry } from '@tanist/core'
import { describe, expect, it } from 'vitest'
import { encodeWire, type WireMessage } from '../../src/peer/index.js'
import { labelOf, labels } from '../../src/testing/label.js'

const frame = (...messages: WireMessage[]): Uint8Array =>
  encodeWire(messages, (text) => {
    throw new Error(text)
  })[0]!

const entry = (index: number): Entry => ({ index, term: 3, kind: 5, payload: new Uint8Array(3) })
const head = { branch: 'b', term: 3 }
const sent = [1, 2] as const
const append = {
  ...head,
  t: 'append',
  prevIndex: 11,
  prevTerm: 3,
  commit: 11,
  round: 4,
  sent,
  line: null,
} as const
const s = (body: Extract<WireMessage, { channel: 's' }>['body'], entries: Entry[] = []): WireMessage => ({
  channel: 's',
  body,
  entries,
})
const appended = (match: number): WireMessage =>
  s({ ...head, t: 'appended', round: 4, sent, match, promiseMs: 100 })
const vote = {
  ...head,
  t: 'vote',
  pre: false,
  lastIndex: 1,
  lastTerm: 1,
  transfer: false,
  dead: null,
} as const
const call = {
  t: 'call',
  session: 'c1',
  seq: 7,
  floor: 6,
  attempt: 1,
  role: 'stock',
  command: 'take',
  input: null,
} as const
const result = {
  t: 'result',
  session: 'c1',
  seq: 7,
  term: 3,
  index: 14,
  outcome: { status: 'ok', value: 1 },
} as const

describe('the label of a frame', () => {
  it.each<[string, WireMessage[]]>([
    ['beat t3', [s(append)]],
    ['append 12 t3', [s(append, [entry(12)])]],
    ['append 12-14 t3', [s(append, [12, 13, 14].map(entry))]],
    ['appended 14 t3', [appended(14)]],
    ['vote t3', [s(vote)]],
    ['vote before t3', [s({ ...vote, pre: true })]],
    ['voted yes t4', [s({ ...head, t: 'voted', pre: false, asked: 4, granted: true })]],
    ['call c1:7 stock.take', [{ channel: 'r', body: call }]],
    ['result c1:7 ok at 14 t3', [{ channel: 'r', body: result }]],
    ['alive, hears 2', [{ channel: 'm', body: { t: 'beat', hears: ['a', 'b'] } }]],
  ])('is "%s"', (words, messages) => {
    expect(labelOf(frame(...messages))).toBe(words)
  })

  it('names what matters most first when a frame holds several messages', () => {
    const bytes = frame(s(append), { channel: 'r', body: result }, s(vote))
    expect(labelOf(bytes)).toBe('vote t3 + result c1:7 ok at 14 t3 + beat t3')
  })

  it('calls an answer that confirms nothing new an echo', () => {
    const label = labels()
    const say = (match: number, from: string): string => label(frame(appended(match)), from, 'ann')
    expect([say(4, 'bob'), say(4, 'bob'), say(4, 'cy'), say(5, 'bob'), say(5, 'bob')]).toEqual([
      'appended 4 t3',
      'echo t3',
      'appended 4 t3',
      'appended 5 t3',
      'echo t3',
    ])
  })

  it('leaves bytes that are no frame to the world, which says how many they are', () => {
    expect(() => labelOf(new Uint8Array([9, 9]))).toThrow('a frame without its head')
  })
})
