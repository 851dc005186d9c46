import { describe, expect, it } from 'vitest'
import { count } from '../../src/office/count.js'

const three = new Set(['note 1', 'note 2', 'note 3'])
const all = ['note 1', 'note 2', 'note 3']

describe('the count of the story', () => {
  it('finds nothing when every peer has every acknowledged note once', () => {
    const boards = new Map([
      ['ada', all],
      ['ben', all],
    ])
    expect(count(three, boards)).toEqual({ acknowledged: 3, lost: 0, doubled: 0, findings: [] })
  })

  it('lets a note be that was executed and never acknowledged', () => {
    expect(count(three, new Map([['ada', [...all, 'note 4']]]))).toMatchObject({ lost: 0, doubled: 0 })
  })

  it('finds a note that is missing on one peer only', () => {
    const boards = new Map([
      ['ada', all],
      ['ben', ['note 1', 'note 3']],
    ])
    expect(count(three, boards)).toMatchObject({
      lost: 1,
      findings: ['"note 2" was acknowledged and is not on the board of ben.'],
    })
  })

  it('finds a note that is there twice on one peer only, and counts it once', () => {
    const boards = new Map([
      ['ada', all],
      ['ben', [...all, 'note 2', 'note 2']],
    ])
    expect(count(three, boards)).toMatchObject({ lost: 0, doubled: 1 })
  })

  it('never says that all is well when nobody was asked', () => {
    expect(() => count(three, new Map())).toThrow('No board was read')
  })
})
