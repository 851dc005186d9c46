import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DiskError } from '@tanist/core'
import { lockFolder } from '../../src/node-host/disk/lock.js'
import type { FolderLock } from '../../src/node-host/disk/lock.js'
import { later } from '../support/peers.js'

/**
 * One process of a race. At its `at`-th step it is held up while `others` run one after the other; afterwards
 * (unless it died there) it goes on. `afterwards`: what it does once it holds the lock.
 */
interface Racer {
  readonly at: number
  readonly others: readonly Racer[]
  readonly dies: boolean
  readonly afterwards: 'hold' | 'release' | 'die'
}

class Died extends Error {}

class Race {
  readonly folder: string
  readonly living = new Set<number>()
  readonly holders = new Map<number, FolderLock>()
  #lastPid = 100

  constructor(folder: string) {
    this.folder = folder
  }

  run(racer: Racer): void {
    const pid = (this.#lastPid += 1)
    const self = { pid, start: `start of ${pid}` }
    let steps = 0
    const pause = (): void => {
      steps += 1
      if (steps !== racer.at) return
      for (const other of racer.others) this.run(other)
      if (!racer.dies) return
      this.living.delete(pid)
      throw new Died()
    }
    this.living.add(pid)
    try {
      const lock = lockFolder(this.folder, { self, isAlive: (one) => this.living.has(one.pid), pause })
      this.holders.set(pid, lock)
      const holding = [...this.holders.keys()].filter((holder) => this.living.has(holder))
      if (holding.length > 1) throw new Error(`held at once by ${holding.join(' and ')}`)
      if (racer.afterwards === 'hold') return
      if (racer.afterwards === 'release') lock.release()
      this.holders.delete(pid)
      this.living.delete(pid)
    } catch (error) {
      const expected = error instanceof DiskError && (error.code === 'locked' || error.cause instanceof Died)
      if (!expected) throw error
      this.living.delete(pid)
    }
  }
}

const stale = (token: string): string => JSON.stringify({ pid: 1, start: 'gone', token: token.repeat(32) })

/** The folder before the race: free, left by a dead owner, or by two of them, the second in its take-over. */
const starts: readonly Readonly<Record<string, string>>[] = [
  {},
  { lock: stale('1') },
  { lock: stale('1'), [`lock-${'1'.repeat(32)}`]: stale('2') },
]

let number = 0
function race(parent: string, start: Readonly<Record<string, string>>, racers: readonly Racer[]): string[] {
  const folder = join(parent, String((number += 1)))
  mkdirSync(folder)
  for (const [name, content] of Object.entries(start)) writeFileSync(join(folder, name), content)
  const run = new Race(folder)
  for (const racer of racers) run.run(racer)
  // Whatever happened: once all are gone, the next one gets it and finds nothing left behind.
  run.living.clear()
  run.holders.clear()
  run.run({ at: 0, others: [], dies: false, afterwards: 'hold' })
  return [...readdirSync(folder), `${run.holders.size} holder`]
}

function parentFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'tanist-race-'))
  later(() => rmSync(path, { recursive: true, force: true }))
  return path
}

const acts = ['hold', 'release', 'die'] as const

function racerOf(depth: number): fc.Arbitrary<Racer> {
  return fc.record({
    at: fc.integer({ min: 1, max: 14 }),
    others: depth === 0 ? fc.constant([]) : fc.array(racerOf(depth - 1), { maxLength: 2 }),
    dies: fc.boolean(),
    afterwards: fc.constantFrom(...acts),
  })
}

describe('a race for the lock', () => {
  it('has one holder at most, wherever the first is held up while a second comes and goes', () => {
    const parent = parentFolder()
    for (const start of starts) {
      for (let at = 1; at <= 12; at += 1) {
        for (const afterwards of acts) {
          for (const dies of [false, true]) {
            const second: Racer = { at: 0, others: [], dies: false, afterwards }
            const left = race(parent, start, [{ at, others: [second], dies, afterwards: 'hold' }])
            expect(left).toEqual(['lock', '1 holder'])
          }
        }
      }
    }
  })

  it('has one holder at most, among many that hold each other up', () => {
    const parent = parentFolder()
    const racers = fc.array(racerOf(3), { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(fc.constantFrom(...starts), racers, (start, all) => {
        expect(race(parent, start, all)).toEqual(['lock', '1 holder'])
      }),
      { numRuns: 200 },
    )
  })
})
