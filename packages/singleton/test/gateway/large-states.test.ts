import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { table } from '@tanist/core'
import { isSurelyLonger } from '../../src/gateway/json-size.js'
import { persist, role } from '../../src/index.js'
import type { Peer } from '../../src/index.js'
import { Office } from '../join/office.js'

const commands = { nothing: () => persist() }

/** More properties and parts than a command may take. */
const wide = role('wide', {
  state: () => Object.fromEntries(Array.from({ length: 30_000 }, (_, i) => [`key ${i}`, [`${i}`]])),
  events: {},
  commands,
  readable: 'stray',
})
const heavy = role('heavy', {
  state: () => Array.from({ length: 90 }, () => 'x'.repeat(100_000)),
  events: {},
  commands,
  readable: 'stray',
})
/** Short as text, and not as bytes. */
const foreign = role('foreign', {
  state: () => '語'.repeat(3_000_000),
  events: {},
  commands,
  readable: 'stray',
})

describe('large states by HTTP', () => {
  let office: Office
  let ann: Peer
  beforeAll(async () => {
    office = new Office()
    ann = await office.start({ name: 'ann', roles: [wide, heavy, foreign] })
    await ann.joined
  })
  afterAll(() => office.close())

  const read = async (name: string): Promise<{ status: number; text: string }> => {
    const { address } = ann.status().self
    const answer = await fetch(`http://${address}/tanist/roles/${name}?consistency=local`)
    return { status: answer.status, text: await answer.text() }
  }

  it('are read whole up to the limits of states, as clients read them', async () => {
    const { status, text } = await read('wide')
    expect(status).toBe(200)
    const { state } = JSON.parse(text) as { state: Record<string, unknown> }
    expect(Object.keys(state)).toHaveLength(30_000)
  })

  it.each(['heavy', 'foreign'])(
    'are refused in a sentence above the bytes of an answer: %s',
    async (name) => {
      const { status, text } = await read(name)
      expect(status).toBe(500)
      expect(text).toContain(`The state of ${name} has more than 8388608 bytes as JSON; use a client.`)
    },
  )
})

describe('the length of a value as JSON', () => {
  it('is never overstated', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(isSurelyLonger(value, JSON.stringify(value).length)).toBe(false)
      }),
    )
  })

  it('is seen without looking at all of a value', () => {
    let looked = 0
    const part = {
      get text(): string {
        looked += 1
        return 'x'.repeat(100)
      },
    }
    const parts = Array.from({ length: 1_000 }, () => part)
    for (const value of [
      parts,
      new Map(parts.map((one, i) => [i, one])),
      table(parts.map((one, i) => [i, one])),
    ]) {
      looked = 0
      expect(isSurelyLonger(value, 3_000)).toBe(true)
      expect(looked).toBeLessThan(40)
    }
    expect(isSurelyLonger({ big: new Uint8Array(5_000) }, 3_000)).toBe(true)
  })
})
