import { describe, expect, it } from 'vitest'
import { Office } from './office.js'

/** An operator's forced continuation, and what becomes of those who were away. */

function threeWithOneLeft(seed: number): Office {
  const office = new Office({ seed, peers: 3 })
  office.cluster.startAll()
  office.settle()
  office.until(() => office.cluster.seated)
  office.add('ann')
  const server = office.cluster.server() ?? ''
  for (const name of office.cluster.names) if (name !== 'cy') office.cluster.world.crash(name)
  expect(server).not.toBe('')
  office.until(() => office.core('cy').status().server === null)
  return office
}

function continueAt(office: Office, name: string): { ok: boolean; text: string } {
  let answer: { ok: boolean; text: string } | null = null
  office.core(name).continueHere('the others burned', (ok, text) => (answer = { ok, text }))
  office.until(() => answer !== null)
  return answer as unknown as { ok: boolean; text: string }
}

describe('forced continuation', () => {
  it.each([1, 2, 3])('one of three goes on alone, with all that was acknowledged (seed %i)', (seed) => {
    const office = threeWithOneLeft(seed)
    const before = office.branchOf('cy')
    expect(continueAt(office, 'cy').ok).toBe(true)
    const id = office.add('cy')
    expect(office.branchOf('cy')).not.toBe(before)
    expect(office.ids('cy')).toContain(id)
    office.judge('cy')
  })

  it('is refused with a sentence while somebody leads', () => {
    const office = new Office({ seed: 4, peers: 3 })
    office.cluster.startAll()
    office.settle()
    for (const name of office.cluster.names) {
      const { ok, text } = continueAt(office, name)
      expect(ok).toBe(false)
      expect(text).toMatch(/leads/)
    }
  })

  it.each([1, 2, 3])('those who return one by one join the new branch (seed %i)', (seed) => {
    const office = threeWithOneLeft(seed)
    continueAt(office, 'cy')
    office.add('cy')
    const branch = office.branchOf('cy')
    office.cluster.start('ann')
    office.until(() => office.cluster.peer('ann')?.status().branch === branch)
    office.add('ann')
    office.cluster.start('bob')
    office.settle()
    for (const name of office.cluster.names) expect(office.branchOf(name)).toBe(branch)
    office.add('bob')
    office.until(() => office.cluster.voters.length === 3)
    office.judge('cy')
  })

  it.each([1, 2, 3])(
    'loses against the majority that was only cut off, and its work is set aside (seed %i)',
    (seed) => {
      const office = new Office({ seed, peers: 3 })
      office.cluster.startAll()
      office.settle()
      office.until(() => office.cluster.seated)
      office.add('cy')
      const old = office.branchOf('cy')
      office.cluster.world.split(['cy'])
      office.until(() => office.core('cy').status().server === null)
      office.run(3_000)
      expect(continueAt(office, 'cy').ok).toBe(true)
      const lost = [office.add('cy'), office.add('cy')]
      const kept = office.add('ann')
      office.cluster.world.healAll()
      office.until(() => office.cluster.settled && office.branchOf('cy') === old)
      expect(office.ids('cy')).toContain(kept)
      expect(office.ids('cy')).not.toContain(lost[0])
      const [aside] = office.core('cy').status().setAside
      expect(aside).toMatchObject({ commands: 2 })
      expect(aside?.text).toMatch(/kept for an operator/i)
      office.judge('ann')
    },
  )
})
