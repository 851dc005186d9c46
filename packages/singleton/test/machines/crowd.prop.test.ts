import { describe, expect, it } from 'vitest'
import { describe as inWords } from '@tanist/core/testing'
import { machineFaultKinds } from '../../src/testing/machines/index.js'
import { seedOf, share } from '../sim/campaign.js'
import { draw, hunt } from './cases.js'

const kinds = machineFaultKinds.filter((kind) => kind !== 'disk-lies')

describe('twelve members, three of whom are told of commits at intervals', () => {
  const count = share(6)
  it(`keep every law under ${count} generated schedules`, { timeout: 60_000 + count * 2_000 }, () => {
    const found = hunt(draw({ seed: seedOf(9), peers: 12, count, kinds }))
    const { contradiction, one } = found ?? {}
    expect(
      found,
      `${contradiction?.law}: ${contradiction?.text}\nseed ${one?.seed}\n${inWords(one?.schedule ?? []).join('\n')}`,
    ).toBeNull()
  })
})
