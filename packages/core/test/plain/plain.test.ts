import { describe, expect, it } from 'vitest'
import { PlainWorld } from '../../src/testing/plain/index.js'
import type { PlainContext, PlainNode, PlainOptions } from '../../src/testing/plain/index.js'

interface Word {
  readonly text: string
}

/** Remembers everything that happened to it; answers `ping` with `pong`. */
class Scribe implements PlainNode<Word> {
  readonly heard: string[] = []
  readonly context: PlainContext<Word>

  constructor(context: PlainContext<Word>) {
    this.context = context
  }

  start(context: PlainContext<Word>): void {
    this.heard.push(`start ${context.life}`)
  }

  message(context: PlainContext<Word>, from: number, { text }: Word): void {
    this.heard.push(`${from}: ${text}`)
    if (text === 'ping') context.send(from, { text: 'pong' })
  }

  timer(_context: PlainContext<Word>, key: string): void {
    this.heard.push(`timer ${key}`)
  }
}

function scribes(options: Partial<PlainOptions<Word>> = {}): {
  world: PlainWorld<Word>
  at: (id: number) => Scribe
} {
  const now: Scribe[] = []
  const node = (context: PlainContext<Word>): Scribe => (now[context.id] = new Scribe(context))
  const world = new PlainWorld<Word>({ seed: 1, nodes: 3, node, ...options })
  world.startAll()
  return { world, at: (id) => now[id] as Scribe }
}

const say = (scribe: Scribe, to: number, ...texts: readonly string[]): void => {
  for (const text of texts) scribe.context.send(to, { text })
}

const digits = (count: number): string[] => Array.from({ length: count }, (_, i) => `${i}`)

/** Every node tells another by chance how much it has heard. */
function gossip(
  options: Partial<PlainOptions<{ n: number }>> & { seed: number | string; nodes: number },
): PlainWorld<{ n: number }> {
  const world: PlainWorld<{ n: number }> = new PlainWorld({
    ...options,
    node: () => {
      let heard = 0
      return {
        start: (context) => context.timer('beat', 200 * context.random.next()),
        message: (_context, _from, { n }) => void (heard += n),
        timer: (context) => {
          context.send(Math.floor(context.random.next() * world.size), { n: heard + 1 })
          context.timer('beat', 200)
        },
      }
    },
  })
  world.startAll()
  return world
}

describe('messages', () => {
  it('arrive after the latency, and are answered', () => {
    const { world, at } = scribes({ quality: { latencyMinMs: 5, latencyMaxMs: 5 } })
    say(at(0), 1, 'ping')
    world.run(4.9)
    expect(at(1).heard).toEqual(['start 1'])
    world.run(0.1)
    expect(at(1).heard).toEqual(['start 1', '0: ping'])
    world.run(5)
    expect(at(0).heard).toEqual(['start 1', '1: pong'])
    expect([world.sent, world.delivered, world.lost]).toEqual([2, 2, 0])
  })

  it('overtake each other, unless the world is ordered', () => {
    const order = (ordered: boolean): string[] => {
      const { world, at } = scribes({ ordered, quality: { latencyMinMs: 1, latencyMaxMs: 100 } })
      say(at(0), 1, ...digits(20))
      world.run(1_000)
      return at(1).heard.slice(1)
    }
    const sent = digits(20).map((text) => `0: ${text}`)
    expect(order(true)).toEqual(sent)
    expect(order(false)).not.toEqual(sent)
    expect(order(false).toSorted()).toEqual(sent.toSorted())
  })

  it('are the objects that were sent, or copies when they travel as bytes', () => {
    const word = { text: 'same' }
    const arrives = (wire: 'objects' | 'bytes'): Word | null => {
      let heard: Word | null = null
      const node = (context: PlainContext<Word>): PlainNode<Word> => ({
        start: () => context.send(0, word),
        message: (_context, _from, message) => void (heard = message),
        timer: () => {},
      })
      const world = new PlainWorld<Word>({ seed: 1, nodes: 1, node, wire })
      world.startAll()
      world.run(10)
      return heard
    }
    expect(arrives('objects')).toBe(word)
    expect(arrives('bytes')).toEqual(word)
    expect(arrives('bytes')).not.toBe(word)
  })

  it('are lost and doubled at the given rates', () => {
    const { world, at } = scribes({ quality: { loss: 0.3, duplicate: 0.1 } })
    say(at(0), 1, ...digits(2_000))
    world.run(1_000)
    const heard = at(1).heard.length - 1
    expect(world.lost).toBeGreaterThan(450)
    expect(world.lost).toBeLessThan(750)
    expect(heard - (2_000 - world.lost)).toBeGreaterThan(80)
    expect(heard - (2_000 - world.lost)).toBeLessThan(220)
  })

  it('go one way only through a cut, and wait in it where cuts hold', () => {
    for (const [cuts, late] of [
      ['lose', []],
      ['hold', ['0: a', '0: b']],
    ] as const) {
      const { world, at } = scribes({ cuts, ordered: true })
      const undo = world.cut(0, 1)
      say(at(0), 1, 'a', 'b')
      say(at(1), 0, 'back')
      world.run(10)
      expect(at(1).heard).toEqual(['start 1'])
      expect(at(0).heard).toEqual(['start 1', '1: back'])
      undo()
      undo()
      world.run(10)
      expect(at(1).heard.slice(1)).toEqual(late)
    }
  })

  it('pass again only when every cut of a direction is undone', () => {
    const { world, at } = scribes()
    const [first, second] = [world.cut(0, 1), world.split([0])]
    first()
    first()
    expect(world.isCut(0, 1)).toBe(true)
    second()
    expect(world.isCut(0, 1)).toBe(false)
    say(at(0), 1, 'free')
    world.run(10)
    expect(at(1).heard).toContain('0: free')
  })

  it('are not set free by the undo of a cut that was healed before', () => {
    const { world } = scribes()
    const old = world.cut(0, 1)
    world.healAll()
    const cut = world.cut(0, 1)
    old()
    expect(world.isCut(0, 1)).toBe(true)
    cut()
    expect(world.isCut(0, 1)).toBe(false)
  })

  it('take a direction with the quality that lies on top, until it is undone', () => {
    const { world } = scribes()
    const [slow, lossy] = [
      world.quality(0, 1, { latencyMinMs: 50, latencyMaxMs: 60 }),
      world.quality(0, 1, { loss: 1 }),
    ]
    const slower = world.quality(0, 1, (below) => ({ latencyMaxMs: below.latencyMaxMs + 10 }))
    expect(world.qualityOf(0, 1).latencyMaxMs).toBe(70)
    expect(world.qualityOf(0, 1)).toMatchObject({ latencyMinMs: 50, loss: 1 })
    expect(world.qualityOf(1, 0).loss).toBe(0)
    slow()
    expect(world.qualityOf(0, 1)).toMatchObject({ latencyMinMs: 0.2, latencyMaxMs: 11, loss: 1 })
    slower()
    lossy()
    expect(world.qualityOf(0, 1)).toEqual(world.qualityOf(1, 0))
    expect(() => world.quality(0, 1, { latencyMinMs: 5 })).toThrow('not 5 to 1 ms')
    expect(() => world.quality(0, 1, { loss: 1.5 })).toThrow('"loss" is from 0 to 1, not 1.5')
  })
})

describe('timers', () => {
  it('fire once, in order, and a key that is set again moves', () => {
    const { world, at } = scribes()
    const { context, heard } = at(0)
    context.timer('late', 20)
    context.timer('early', 10)
    context.timer('moved', 5)
    context.timer('moved', 15)
    context.timer('gone', 1)
    context.timer('gone', null)
    world.run(100)
    expect(heard).toEqual(['start 1', 'timer early', 'timer moved', 'timer late'])
  })

  it('follow a clock that drifts, also those that wait', () => {
    const { world, at } = scribes()
    at(0).context.timer('slow', 100)
    const undo = world.drift(0, 0.5)
    const before = at(0).context.nowMs
    world.run(150)
    expect(at(0).context.nowMs - before).toBeCloseTo(75, 1)
    expect(at(0).heard).toEqual(['start 1'])
    undo()
    world.run(25.1)
    expect(at(0).heard).toEqual(['start 1', 'timer slow'])
  })

  it('follow the last of the drifts that are not undone', () => {
    const { world, at } = scribes()
    const ran = (): number => {
      const before = at(0).context.nowMs
      world.run(100)
      return Math.round(at(0).context.nowMs - before)
    }
    const [first, second] = [world.drift(0, 2), world.drift(0, 1.5)]
    expect(ran()).toBe(150)
    first()
    expect(ran()).toBe(150)
    second()
    expect(ran()).toBe(100)
  })

  it('do not mind a wall clock that jumps', () => {
    const { world, at } = scribes()
    const { context, heard } = at(0)
    context.timer('steady', 10)
    const before = context.now()
    world.clockJump(0, -3_600_000)
    world.run(10)
    expect(heard).toContain('timer steady')
    expect(context.now().wallMs - before.wallMs).toBeCloseTo(-3_599_990, 1)
    expect(context.now().monotonicMs - before.monotonicMs).toBeCloseTo(10, 1)
  })

  it('that never let time go on are noticed', () => {
    const node = (): PlainNode<Word> => ({
      start: (context) => context.timer('now', 0),
      message: () => {},
      timer: (context) => context.timer('now', 0),
    })
    const world = new PlainWorld<Word>({ seed: 1, nodes: 1, node, eventsAtOnce: 100 })
    world.startAll()
    expect(() => world.run(1)).toThrow('stuck at 0 ms')
  })
})

describe('a node', () => {
  it('that crashed hears nothing, keeps no timer, and begins a new life', () => {
    const { world, at } = scribes()
    const old = at(1)
    old.context.timer('never', 50)
    say(at(0), 1, 'lost')
    const start = world.crash(1)
    say(old, 0, 'from the dead')
    world.run(100)
    expect(old.heard).toEqual(['start 1'])
    expect(at(0).heard).toEqual(['start 1'])
    expect(world.state(1)).toBe('down')
    start()
    start()
    expect(world.life(1)).toBe(2)
    say(at(0), 1, 'again')
    world.run(10)
    expect(at(1).heard).toEqual(['start 2', '0: again'])
  })

  it('that is paused takes in order, when it resumes, what became due', () => {
    const { world, at } = scribes({ ordered: true })
    const resume = world.pause(1)
    at(1).context.timer('first', 0)
    world.run(1)
    say(at(0), 1, 'second', 'third')
    world.run(100)
    expect(at(1).heard).toEqual(['start 1'])
    resume()
    expect(at(1).heard).toEqual(['start 1'])
    world.run(0)
    expect(at(1).heard).toEqual(['start 1', 'timer first', '0: second', '0: third'])
  })

  it('takes what became due while it was paused before what is due just when it resumes', () => {
    const { world, at } = scribes({ ordered: true, quality: { latencyMinMs: 1, latencyMaxMs: 1 } })
    world.schedule(5, world.pause(1))
    for (const text of ['first', 'second'])
      world.schedule(text === 'first' ? 1 : 4, () => say(at(0), 1, text))
    world.run(20)
    expect(at(1).heard.slice(1)).toEqual(['0: first', '0: second'])
  })

  it('runs on only when every pause of this life is undone', () => {
    const { world } = scribes()
    const [first, second] = [world.pause(1), world.pause(1)]
    first()
    first()
    expect(world.state(1)).toBe('paused')
    second()
    expect(world.state(1)).toBe('running')
    const ofOldLife = world.pause(1)
    world.restart(1)
    world.pause(1)
    ofOldLife()
    expect(world.state(1)).toBe('paused')
  })

  it('that crashed while it was paused loses what waited for it', () => {
    const { world, at } = scribes()
    world.pause(1)
    say(at(0), 1, 'one', 'two')
    world.run(10)
    expect(world.lost).toBe(0)
    world.crash(1)
    expect([world.lost, world.delivered]).toEqual([2, 0])
  })

  it('that does not exist cannot be told anything', () => {
    const { at } = scribes()
    expect(() => say(at(0), 3, 'who?')).toThrow('there is no node 3; they are numbered from 0 to 2')
  })

  it('is as before when everything is healed', () => {
    const { world, at } = scribes({ cuts: 'hold' })
    world.split([0])
    world.quality(1, 2, { loss: 1 })
    world.pause(1)
    world.drift(2, 2)
    world.crash(2)
    say(at(0), 1, 'held')
    world.healAll()
    world.run(10)
    expect([0, 1, 2].map((id) => world.state(id))).toEqual(['running', 'running', 'running'])
    expect(at(1).heard).toContain('0: held')
    say(at(1), 2, 'heard')
    const { nowMs } = at(2).context
    world.run(10)
    expect(at(2).context.nowMs - nowMs).toBeCloseTo(10, 1)
    expect(at(2).heard).toEqual(['start 2', '1: heard'])
  })
})

describe('a run', () => {
  it('is the same from the same seed, however it is cut into pieces', () => {
    const digest = (seed: number, pieceMs: number): string => {
      const world = gossip({ seed, nodes: 20, quality: { loss: 0.1, duplicate: 0.1, reorder: 0.1 } })
      world.schedule(500, () => world.restart(3))
      for (let ms = 0; ms < 2_000; ms += pieceMs) world.run(pieceMs)
      return world.digest
    }
    expect(digest(1, 10)).toBe(digest(1, 2_000))
    expect(digest(2, 2_000)).not.toBe(digest(1, 2_000))
  })

  it('ends where it shall, with or without events', () => {
    const { world } = scribes()
    world.run(1_234.5)
    expect(world.nowMs).toBe(1_234.5)
    expect(world.runUntil(() => world.nowMs >= 2_000, { limitMs: 5_000, everyMs: 7 })).toBe(true)
    expect(world.runUntil(() => false, { limitMs: 50 })).toBe(false)
  })

  it('goes through with 10,000 nodes, and each of them hears and speaks', () => {
    const world = gossip({ seed: 1, nodes: 10_000 })
    world.run(1_000)
    expect(world.sent).toBe(50_000)
    expect(world.delivered).toBeGreaterThan(49_000)
  })
})
