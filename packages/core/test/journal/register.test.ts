import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DiskError } from '../../src/host/index.js'
import { openRegister, type Register } from '../../src/journal/index.js'
import { Bench, inPlace, watched } from './bench.js'

interface Vote {
  readonly n: number
  readonly pad: string
}

function parse(value: unknown): Vote {
  if (typeof value !== 'object' || value === null) throw new Error('no vote')
  if (!('n' in value) || typeof value.n !== 'number') throw new Error('no vote')
  if (!('pad' in value) || typeof value.pad !== 'string') throw new Error('no vote')
  return { n: value.n, pad: value.pad }
}

function open(bench: Bench): Register<Vote> {
  return openRegister(bench.folder, 'vote', parse)
}

function vote(n: number, size = 3): Vote {
  return { n, pad: 'x'.repeat(size) }
}

describe('a register', () => {
  it('has no value at first, then the last one saved, also after a power cut', () => {
    const bench = new Bench()
    const register = open(bench)
    expect(register.value).toBeUndefined()
    const order: number[] = []
    for (let n = 1; n <= 5; n++) register.save(vote(n), () => order.push(n))
    expect(register.value).toEqual(vote(5))
    expect(order).toEqual([])
    bench.settle()
    expect(order).toEqual([1, 2, 3, 4, 5])
    bench.powerOff()
    expect(open(bench).value).toEqual(vote(5))
  })

  it('keeps an acknowledged value, or a newer one, wherever the power fails, also while it is rewritten', () => {
    const run = (cutAt: number, seed: number): boolean => {
      const bench = new Bench(seed)
      let left = cutAt
      const folder = watched(bench.folder, () => {
        if (left-- > 0) return
        bench.powerOff()
        throw new DiskError('failed', 'power')
      })
      let acked = 0
      let saved = 0
      try {
        const register = openRegister(folder, 'vote', parse)
        for (let n = 1; n <= 6; n++) {
          register.save(vote(n, 25_000), (error) => {
            if (error === undefined) acked = n
          })
          saved = n
          bench.settle()
        }
      } catch (error) {
        expect(saved, String(error)).toBe(0)
      }
      const cut = left < 0
      if (!cut) bench.powerOff()
      const found = open(bench).value?.n ?? 0
      expect(found).toBeGreaterThanOrEqual(acked)
      expect(found).toBeLessThanOrEqual(saved)
      return cut
    }
    let acts = 0
    while (run(acts, 0)) acts++
    expect(acts).toBeGreaterThan(15)
    for (let seed = 1; seed <= 25; seed++) for (let cutAt = 0; cutAt <= acts; cutAt++) run(cutAt, seed)
  })

  it('stays below 64 KiB and a record by writing itself anew', () => {
    const bench = new Bench()
    const register = open(bench)
    for (let n = 1; n <= 500; n++) {
      register.save(vote(n, 1_000), () => undefined)
      bench.settle()
      expect(bench.disk.content('data/vote').length).toBeLessThanOrEqual(64 * 1024)
    }
    expect(bench.disk.files()).toEqual(['data/vote'])
    bench.powerOff()
    expect(open(bench).value).toEqual(vote(500, 1_000))
  })

  it('cuts a torn tail at every byte offset and gives the value before it', () => {
    const first = new Bench()
    const register = open(first)
    register.save(vote(1), () => undefined)
    first.settle()
    const one = first.disk.content('data/vote').length / 2
    register.save(vote(2), () => undefined)
    first.settle()
    const content = first.disk.content('data/vote').subarray(0, one * 3)
    for (let size = 0; size <= content.length; size++) {
      const bench = new Bench()
      bench.folder.open('vote', 'create').write(0, content.subarray(0, size))
      const again = open(bench)
      expect(again.value?.n).toBe(size < one ? undefined : size < content.length ? 1 : 2)
      again.save(vote(3), () => undefined)
      bench.settle()
      bench.powerOff()
      expect(open(bench).value).toEqual(vote(3))
    }
  })

  it('gives the newest value although an older record is broken', () => {
    const bench = new Bench()
    const register = open(bench)
    for (const n of [1, 2, 3]) {
      register.save(vote(n), () => undefined)
      bench.settle()
    }
    bench.disk.rot('data/vote', 12)
    bench.crash()
    expect(open(bench).value).toEqual(vote(3))
  })

  it('tells every waiting and later save of a failed sync', () => {
    const bench = new Bench()
    const register = open(bench)
    bench.settle()
    bench.disk.failNextSync()
    const heard: unknown[] = []
    register.save(vote(1), (e) => heard.push(e?.code))
    register.save(vote(2), (e) => heard.push(e?.code))
    bench.settle()
    register.save(vote(3), (e) => heard.push(e?.code))
    expect(heard).toEqual(['disk', 'disk', 'disk'])
  })

  it('refuses a value that the parser does not know', () => {
    const bench = new Bench()
    openRegister(bench.folder, 'vote', (value) => value).save(7, () => undefined)
    bench.settle()
    bench.crash()
    expect(() => open(bench)).toThrowError(expect.objectContaining({ code: 'format' }))
  })

  it('lets saves in done go on in order, on a disk that syncs in place', () => {
    const bench = new Bench()
    const register = openRegister(inPlace(bench.folder), 'vote', parse)
    let last = 0
    const next = (n: number): void => {
      if (n <= 10_000) register.save(vote(n), () => next((last = n) + 1))
    }
    next(1)
    register.close()
    expect(last).toBe(10_000)
  })

  it('never goes back over any mix of saves, crashes and power cuts', () => {
    const acts = fc.array(fc.constantFrom('save', 'save', 'step', 'step', 'crash', 'power'), {
      maxLength: 60,
    })
    fc.assert(
      fc.property(fc.nat(), acts, fc.constantFrom(3, 30_000), (seed, list, size) => {
        const bench = new Bench(seed)
        let register = open(bench)
        let acked = 0
        let n = 0
        for (const act of list) {
          if (act === 'save') {
            const mine = ++n
            register.save(vote(mine, size), (error) => {
              if (error === undefined) acked = mine
            })
          } else if (act === 'step') bench.step()
          else {
            if (act === 'crash') bench.crash()
            else bench.powerOff()
            register = open(bench)
            expect(register.value?.n ?? 0).toBeGreaterThanOrEqual(acked)
            expect(register.value?.n ?? 0).toBeLessThanOrEqual(n)
          }
        }
      }),
      { numRuns: 300 },
    )
  })

  /** Every bit of it flipped, one at a time. */
  const eachFlip = (content: Uint8Array, run: (rotten: Uint8Array, at: number) => void): void => {
    for (let at = 0; at < content.length; at++) {
      for (const bit of [1, 16, 128]) {
        const rotten = content.slice()
        rotten[at] = rotten[at]! ^ bit
        run(rotten, at)
      }
    }
  }
  const lay = (content: Uint8Array): Bench => {
    const bench = new Bench()
    bench.folder.open('vote', 'create').write(0, content)
    return bench
  }

  it('gives the newest value whichever single bit is flipped, after any number of saves', () => {
    for (const saves of [1, 2, 3]) {
      const bench = new Bench()
      const register = open(bench)
      for (let n = 1; n <= saves; n++) {
        register.save(vote(n), () => undefined)
        bench.settle()
      }
      eachFlip(bench.disk.content('data/vote'), (rotten, at) => {
        expect(open(lay(rotten)).value?.n, `byte ${at} of ${saves} saves`).toBe(saves)
      })
    }
  })

  it('gives it also after it wrote itself anew, and after a close that waited for nothing', () => {
    for (const size of [20_000, 3]) {
      const bench = new Bench()
      const register = openRegister(bench.folder, 'vote', parse, { whenCalm: () => undefined })
      for (let n = 1; n <= 3; n++) {
        register.save(vote(n, size), () => undefined)
        bench.settle()
      }
      register.close()
      const content = bench.disk.content('data/vote')
      for (let at = 0; at < content.length; at += size === 3 ? 1 : 97) {
        const rotten = content.slice()
        rotten[at] = rotten[at]! ^ 4
        expect(open(lay(rotten)).value?.n).toBe(3)
      }
    }
  })

  it('writes the second copy again where only one is left', () => {
    const bench = new Bench()
    open(bench).save(vote(7), () => undefined)
    bench.settle()
    bench.disk.rot('data/vote', bench.disk.content('data/vote').length - 3)
    bench.crash()
    expect(open(bench).value?.n).toBe(7)
    bench.settle()
    bench.powerOff()
    eachFlip(bench.disk.content('data/vote'), (rotten) => expect(open(lay(rotten)).value?.n).toBe(7))
  })

  it('says that it is damaged, and changes nothing, when both copies of a durable value are broken', () => {
    const bench = new Bench()
    const register = open(bench)
    for (const n of [1, 2]) {
      register.save(vote(n), () => undefined)
      bench.settle()
    }
    const content = bench.disk.content('data/vote')
    const record = content.length / 4
    for (const [first, second] of [
      [record - 1, record - 1],
      [record - 1, 5],
      [12, record - 1],
      [20, 20],
    ] as const) {
      const rotten = content.slice()
      for (const at of [record * 2 + first, record * 3 + second]) rotten[at] = rotten[at]! ^ 2
      const hurt = lay(rotten)
      expect(() => open(hurt)).toThrowError(expect.objectContaining({ code: 'damaged' }))
      expect(hurt.disk.content('data/vote')).toEqual(rotten)
    }
  })

  it('never takes a save that power tore for damage, wherever it failed, also with copies that come late', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.array(fc.constantFrom('save', 'save', 'step', 'step', 'calm', 'crash', 'power', 'rot'), {
          maxLength: 60,
        }),
        fc.constantFrom(3, 600, 20_000),
        (seed, list, size) => {
          const bench = new Bench(seed)
          const calm: (() => void)[] = []
          const start = (): Register<Vote> =>
            openRegister(bench.folder, 'vote', parse, { whenCalm: (write) => calm.push(write) })
          let register = start()
          let acked = 0
          let n = 0
          let rotten = false
          for (const act of list) {
            if (act === 'save') {
              const mine = ++n
              register.save(vote(mine, size), (error) => {
                if (error === undefined) acked = mine
              })
            } else if (act === 'step') bench.step()
            else if (act === 'calm') calm.shift()?.()
            else if (act === 'rot') {
              // At rest and written twice: one bit, and the value is the same.
              if (rotten) continue
              rotten = true
              bench.settle()
              for (const write of calm.splice(0)) write()
              bench.settle()
              if (n > 0) bench.disk.rotSomewhere('data/vote')
            } else {
              calm.length = 0
              rotten = false
              if (act === 'crash') bench.crash()
              else bench.powerOff()
              register = start()
              expect(register.value?.n ?? 0).toBeGreaterThanOrEqual(acked)
              expect(register.value?.n ?? 0).toBeLessThanOrEqual(n)
              register.save(vote(++n, size), () => undefined)
              acked = Math.max(acked, n)
              bench.settle()
              for (const write of calm.splice(0)) write()
              bench.settle()
            }
          }
        },
      ),
      { numRuns: 300 },
    )
  })
})
