import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { aboutLimits, announced, checkAbout, type About } from '../../src/membership/index.js'

const text = (least: number, most: number): fc.Arbitrary<string> =>
  fc.string({ minLength: least, maxLength: most })
const abouts: fc.Arbitrary<About> = fc.record(
  {
    roles: fc.array(text(1, 8), { maxLength: 4 }),
    addresses: fc.array(
      fc.nat(9).map((n) => `10.0.0.${n}:7100`),
      { maxLength: 3 },
    ),
    version: text(1, 8),
    load: fc.double({ min: 0, max: 10, noNaN: true }).map((load) => Math.abs(load)),
    clients: fc.nat(),
    tags: fc.dictionary(text(1, 5), text(0, 5), { maxKeys: 4 }),
  },
  { requiredKeys: [] },
)

describe('what a member says of itself', () => {
  it('is kept as it is, and nobody can change it afterwards', () => {
    fc.assert(
      fc.property(abouts, (about) => {
        const checked = checkAbout(about)
        expect(checked).toEqual(JSON.parse(JSON.stringify(about)))
        expect(Object.isFrozen(checked)).toBe(true)
        expect(checked.tags === undefined || Object.isFrozen(checked.tags)).toBe(true)
        expect(checkAbout(checked)).toEqual(checked)
      }),
    )
  })

  const many = (count: number): string[] => Array.from({ length: count }, (_, at) => `n${at}`)
  const tags = (count: number): Record<string, string> =>
    Object.fromEntries(many(count).map((key) => [key, '']))
  it.each([
    [{ roles: many(33) }, 'about.roles is ["n0"', 'at most 32 names of 1 to 64 characters'],
    [{ roles: ['x'.repeat(65)] }, 'about.roles', 'at most 32 names'],
    [{ roles: [''] }, 'about.roles', 'names of 1 to 64'],
    // A hole is no name.
    [{ roles: Object.assign([], { length: 1 }) }, 'about.roles', 'names of 1 to 64'],
    [{ roles: 'printer' }, 'about.roles is "printer"', 'a list'],
    [{ addresses: many(17) }, 'about.addresses', 'at most 16 addresses'],
    [{ version: 'v'.repeat(65) }, 'about.version', '1 to 64 characters'],
    [{ version: 2 }, 'about.version is 2', 'a text'],
    [{ load: Number.NaN }, 'about.load is NaN', 'a number from 0 to 1000'],
    [{ load: -0.1 }, 'about.load is -0.1', 'from 0 to 1000'],
    [{ load: 1001 }, 'about.load is 1001', 'from 0 to 1000'],
    [{ clients: 1.5 }, 'about.clients is 1.5', 'a whole number from 0 on'],
    [{ clients: -1 }, 'about.clients is -1', 'a whole number'],
    [{ tags: tags(33) }, 'about.tags', 'at most 32 tags'],
    [{ tags: { ['k'.repeat(65)]: '' } }, 'about.tags', 'keys of 1 to 64'],
    [{ tags: { room: 'r'.repeat(257) } }, 'about.tags', 'texts of at most 256'],
    [{ tags: { room: 3 } }, 'about.tags is {"room":3}', 'texts'],
    [{ tags: new Map() }, 'about.tags', 'tags'],
    [{ colour: 'red' }, 'about.colour is unknown', 'roles, addresses, version'],
    [[], 'about is []', 'an object of roles'],
    ['v2', 'about is "v2"', 'an object'],
    [null, 'about is null', 'an object'],
  ])('of the form %j is refused by a sentence', (about, names, allowed) => {
    expect(() => checkAbout(about)).toThrow(TypeError)
    expect(() => checkAbout(about)).toThrow(names)
    expect(() => checkAbout(about)).toThrow(allowed)
  })

  it('is at most 2 KiB as JSON', () => {
    const room = aboutLimits.bytes - JSON.stringify({ tags: tags(9), version: 'v' }).length
    const fitting: Record<string, string> = { ...tags(9), n0: 'ä'.repeat(100), n1: 'x'.repeat(200) }
    let left = room - 200 - 200
    for (const key of ['n2', 'n3', 'n4', 'n5', 'n6', 'n7', 'n8']) {
      fitting[key] = 'x'.repeat(Math.min(256, left))
      left -= Math.min(256, left)
    }
    expect(left).toBe(0)
    expect(checkAbout({ tags: fitting, version: 'v' }).version).toBe('v')
    expect(() => checkAbout({ tags: fitting, version: 'vv' })).toThrow('2049 bytes as JSON; allowed are 2048')
  })
})

describe('a change of it', () => {
  it('keeps what it does not name, replaces what it names, and takes away what is null', () => {
    const before = checkAbout({ version: '1', load: 0.5, tags: { room: '3', floor: '1' } })
    expect(announced(before, { load: 0.7, version: null, tags: { room: '4' } })).toEqual({
      load: 0.7,
      tags: { room: '4' },
    })
    expect(announced(before, { load: undefined })).toEqual(before)
    expect(announced(null, { clients: 3 })).toEqual({ clients: 3 })
    expect(announced({ clients: 3 }, { clients: null })).toBeNull()
  })

  it('twice is once, and a refused one changes nothing', () => {
    fc.assert(
      fc.property(abouts, abouts, (before, change) => {
        const once = announced(checkAbout(before), change)
        expect(announced(once, change)).toEqual(once)
        expect(once ?? {}).toEqual(JSON.parse(JSON.stringify({ ...before, ...change })))
      }),
    )
    const before = checkAbout({ version: '1' })
    expect(() => announced(before, { load: -1 })).toThrow('about.load is -1')
    expect(() => announced(before, { colour: null } as object)).toThrow('about.colour is unknown')
    expect(before).toEqual({ version: '1' })
  })
})
