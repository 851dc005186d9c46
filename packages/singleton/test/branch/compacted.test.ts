import { describe, expect, it } from 'vitest'
import { Office } from './office.js'

/** Branches that meet when the journals that show where they parted were compacted away. */

const small = {
  entries: 15,
  bytes: 4_000,
  keepEntries: 1,
  keepBytes: 100,
  catchUpBytes: 0,
  catchUpSnapshots: 0,
}

function office(seed: number): Office {
  const made = new Office({ seed, peers: 3, settings: { expect: 1, snapshots: small } })
  made.cluster.startAll()
  made.settle()
  made.until(() => made.cluster.voters.length === 3)
  return made
}

const first = (made: Office, name: string): number => made.core(name).succession.config.log.firstIndex

/** cy, alone, goes on by an operator's word. */
function part(made: Office): void {
  made.cluster.world.split(['cy'])
  made.run(3_000)
  let told = ''
  made.core('cy').continueHere('the others drowned', (ok, text) => (told = ok ? 'ok' : text))
  made.until(() => told !== '')
  expect(told).toBe('ok')
}

const asideTexts = (made: Office, name: string): string[] =>
  made
    .core(name)
    .status()
    .setAside.map(({ text }) => text)

describe('branches meet when the entry at which they parted is not in a journal any more', () => {
  it('of the one that wins: what both have is not taken for lost', () => {
    const made = office(3)
    for (let i = 0; i < 4; i++) made.add('ann')
    const common = made.core('cy').succession.commitIndex
    part(made)
    const lost = made.add('cy')
    for (let i = 0; i < 60; i++) made.add('ann')
    made.until(() => first(made, made.cluster.server() ?? 'ann') > common + 5)
    const { log } = made.core('cy').succession.config
    const end = log.lastIndex
    made.cluster.world.healAll()
    made.settle()
    const cy = made.core('cy').status()
    expect(cy.branch).toBe(made.branchOf('ann'))
    expect(cy.setAside).toHaveLength(1)
    expect(cy.setAside[0]).toMatchObject({ to: end, commands: 1 })
    expect(cy.setAside[0]?.from).toBeGreaterThan(common)
    expect(lost).toMatch(/^test-cy/)
  })

  it('of the one that loses: it comes over all the same, and keeps the state that the lost entries led to', () => {
    const made = office(4)
    for (let i = 0; i < 4; i++) made.add('ann')
    part(made)
    for (let i = 0; i < 60; i++) made.add('cy')
    made.until(() => first(made, 'cy') > made.core('ann').succession.lastIndex + 5)
    made.add('ann')
    made.cluster.world.healAll()
    made.settle()
    expect(made.branchOf('cy')).toBe(made.branchOf('ann'))
    expect(
      asideTexts(made, 'cy').filter((text) => /compacted away.*as the snapshot of entry \d+/.test(text)),
    ).toHaveLength(1)
    // Said as long as the file is there, also after a restart.
    made.cluster.world.crash('cy')
    made.run(500)
    made.cluster.start('cy')
    made.settle()
    expect(asideTexts(made, 'cy').join()).toMatch(/compacted away/)
    expect(made.add('cy')).toMatch(/^test-cy/)
    made.run(500)
    expect(made.core('cy').roles.state('ledger')).toEqual(made.core('ann').roles.state('ledger'))
    expect(made.cluster.ended).toEqual([])
  })
})
