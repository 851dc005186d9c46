// Frames and entries: bytes give messages or a CodecError, and never more memory than a few times their own.
import { CodecError, decodeEntries, decodeFrame, encodeEntries, encodeFrame, encodeValue } from '@tanist/core'
import { Finding } from '../campaign.mjs'
import { below, mutateBytes, mutateJson, pick } from '../mutate.mjs'
import { anyValue } from './codec.mjs'

function someMessages(random) {
  return Array.from({ length: 1 + below(random, 3) }, () => {
    const body = {
      t: pick(random, ['call', 'append', 'hello']),
      id: below(random, 1e6),
      list: [1, 'x', null],
    }
    const message = {
      channel: pick(random, ['m', 's', 'r', 'a', 'v', 'o', 'c']),
      body: mutateJson(body, random),
    }
    return random.next() < 0.3 ? { ...message, data: encodeValue(anyValue(random)) } : message
  })
}

function someEntries(random) {
  return Array.from({ length: below(random, 4) }, (_, i) => ({
    index: 5 + i,
    term: 2 + i,
    kind: below(random, 256),
    payload: new Uint8Array(below(random, 40)),
  }))
}

export const frames = {
  name: 'frames',
  share: 0.2,
  open: () => ({
    draw: (random) => {
      const of = random.next() < 0.7 ? 'frame' : 'entries'
      const bytes = of === 'frame' ? encodeFrame(someMessages(random)) : encodeEntries(someEntries(random))
      return { of, bytes: random.next() < 0.4 ? bytes : mutateBytes(bytes, random) }
    },
    take: ({ of, bytes }) => {
      try {
        const read = of === 'frame' ? decodeFrame(bytes) : decodeEntries(bytes)
        const carried = read.reduce((sum, { data, payload }) => sum + (data ?? payload ?? []).length, 0)
        if (carried > bytes.length) throw new Finding('memory', 'more bytes come out than went in')
        return 'taken'
      } catch (error) {
        if (error instanceof CodecError) return 'refused'
        throw error instanceof Finding ? error : new Finding('exception', String(error), error)
      }
    },
  }),
}
