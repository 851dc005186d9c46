import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createWorld, type Recording, type World } from '../../src/testing/index.js'
import { gossipRun, names, scheduleOf } from '../world/gossip.js'
import { bytes, dial, linked, text, type Wire, wires } from '../world/wire.js'

const frames = ({ messages }: Recording) => messages.filter(({ kind }) => kind === 'frame')
const fates = (recording: Recording): string[] =>
  frames(recording).map(({ what, fate, endMs }) => `${what} ${fate}${endMs === null ? '' : ` ${endMs}`}`)

const oneMs = { network: { latencyMinMs: 1, latencyMaxMs: 1 }, record: true, label: text }

/** Sends each of them as a frame, at one moment. */
function say(wire: Wire, ...words: string[]): void {
  for (const word of words) wire.links[0]!.send(bytes(word))
}

describe('a recorded message', () => {
  it('has its times, and the words that the label gives it', () => {
    const { world, a } = linked(oneMs)
    const sentMs = world.nowMs
    say(a, 'hello')
    world.run({ forMs: 5 })
    expect(frames(world.recording)).toMatchObject([
      { from: 'a', to: 'b', sentMs, endMs: sentMs + 1, fate: 'arrived', kind: 'frame', what: 'hello' },
    ])
  })

  it('says how large it is when nobody can read it', () => {
    const label = (): string => {
      throw new Error('not for me')
    }
    const { world, a } = linked({ ...oneMs, label })
    say(a, 'hello')
    expect(frames(world.recording)[0]?.what).toBe('frame of 5 B')
  })

  it('is lost where the network loses it, at that moment', () => {
    const { world, a } = linked(oneMs)
    world.quality('a', 'b', { loss: 1 })
    say(a, 'one')
    expect(fates(world.recording)).toEqual([`one lost ${world.nowMs}`])
  })

  it('is under way behind a cut, and arrives after it, or is lost with the power of the sender', () => {
    const { world, a } = linked(oneMs)
    const undo = world.cut('a', 'b')
    say(a, 'one')
    world.run({ forMs: 100 })
    expect(fates(world.recording)).toEqual(['one under way'])
    undo()
    world.run({ forMs: 5 })
    expect(frames(world.recording)[0]).toMatchObject({ fate: 'arrived' })
    world.cut('a', 'b')
    say(a, 'two')
    world.run({ forMs: 5 })
    world.powerOff(['a'])
    expect(fates(world.recording)[1]).toBe(`two lost ${world.nowMs}`)
  })

  it('is lost with the process that it reached while that was paused', () => {
    const { world, a } = linked(oneMs)
    world.pause('b')
    say(a, 'one')
    world.run({ forMs: 10 })
    expect(fates(world.recording)).toEqual(['one under way'])
    world.crash('b')
    expect(fates(world.recording)).toEqual([`one lost ${world.nowMs}`])
  })

  it('shows refused and unanswered dials', () => {
    const [world, { a }] = wires(['a', 'b', 'c'], oneMs)
    world.crash('b')
    world.powerOff(['c'])
    dial(a, 'b:1')
    dial(a, 'c:1')
    world.run({ forMs: 10 })
    const said = world.recording.messages.map(({ from, to, kind, fate }) => `${from} ${to} ${kind} ${fate}`)
    expect(said).toEqual(['a b syn arrived', 'a c syn lost', 'b a refused arrived'])
  })

  it('can be a datagram, and a lost one', () => {
    const [world, { a, b }] = wires(['a', 'b'], oneMs)
    const nothing = { listening: () => {}, failed: () => {}, message: () => {} }
    const socket = a.host.datagrams.bind('a:9', nothing)
    b.host.datagrams.bind('b:9', nothing)
    world.run({ forMs: 1 })
    socket.send(bytes('one'), 'b:9')
    socket.send(bytes('two'), 'b:8')
    world.run({ forMs: 10 })
    world.cut('a', 'b')
    socket.send(bytes('three'), 'b:9')
    const said = world.recording.messages.map(({ kind, what, fate }) => `${kind} ${what} ${fate}`)
    expect(said).toEqual(['datagram one arrived', 'datagram two lost', 'datagram three lost'])
  })
})

describe('a recording', () => {
  it('tells when a machine did not run', () => {
    const world = createWorld({ seed: 1, record: true })
    world.node('a', { start: () => {} })
    const at = (atMs: number, act: () => void): void => {
      world.run({ forMs: atMs - world.nowMs })
      act()
    }
    at(10, () => world.start('a'))
    at(20, () => world.pause('a'))
    at(30, () => world.crash('a'))
    at(40, () => world.start('a'))
    at(50, () => world.powerOff(['a']))
    at(60, () => world.restart('a'))
    at(70, () => world.restart('a'))
    at(80, () => world.pause('a'))
    world.run({ forMs: 10 })
    expect(world.recording.spans.map(({ kind, fromMs, toMs }) => [kind, fromMs, toMs])).toEqual([
      ['down', 0, 10],
      ['paused', 20, 30],
      ['down', 30, 40],
      ['no power', 50, 60],
      ['paused', 80, null],
    ])
  })

  it('is a copy: what happens later does not change it', () => {
    const { world, a } = linked(oneMs)
    say(a, 'one')
    const before = world.recording
    const was = structuredClone(before)
    world.run({ forMs: 10 })
    world.crash('b')
    expect(before).toEqual(was)
  })

  it('is empty, and the run the same, when nobody asked for it', () => {
    const quiet = createWorld({ seed: 5 })
    const loud = createWorld({ seed: 5, record: true, label: (frame) => `${frame.length}` })
    for (const world of [quiet, loud]) gossipRun(world, scheduleOf(5))
    expect(quiet.recording).toEqual({ nodes: names, endMs: quiet.nowMs, messages: [], spans: [], notes: [] })
    expect(loud.recording.messages.length).toBeGreaterThan(100)
    expect(loud.digest).toBe(quiet.digest)
  })
})

/** Counts what really arrives, on hosts that are watched, beside what the recording says. */
function watched(world: World): { sent: number; arrived: number } {
  const count = { sent: 0, arrived: 0 }
  for (const name of ['a', 'b', 'c']) {
    world.node(name, {
      start: (host) => {
        const send = (link: { send: (frame: Uint8Array) => void; bufferedBytes: number }): void => {
          link.send(bytes(name))
          count.sent++
        }
        host.network.listen(`${name}:1`, {
          listening: () => {},
          failed: () => {},
          accept: () => ({ opened: () => {}, frame: () => void count.arrived++, closed: () => {} }),
        })
        for (const other of ['a', 'b', 'c']) {
          if (other === name) continue
          let open = false
          const link = host.network.dial(`${other}:1`, {
            opened: () => {
              open = true
            },
            frame: () => {},
            closed: () => {
              open = false
            },
          })
          const again = (): void => {
            if (open) send(link)
            host.timers.set(5, again)
          }
          again()
        }
      },
    })
    world.start(name)
  }
  return count
}

describe('any run', () => {
  it('records every frame that was sent, and as arrived exactly those that arrived', () => {
    const step = fc.record({
      act: fc.constantFrom('crash', 'restart', 'pause', 'resume', 'cut', 'heal', 'power', 'loss', 'twice'),
      who: fc.constantFrom('a', 'b', 'c'),
      afterMs: fc.integer({ min: 0, max: 40 }),
    })
    const property = fc.property(fc.array(step, { maxLength: 12 }), fc.integer(), (steps, seed) => {
      const world = createWorld({ seed, record: true })
      const count = watched(world)
      let faithful = true
      for (const { act, who, afterMs } of steps) {
        world.run({ forMs: afterMs })
        const other = who === 'a' ? 'b' : 'a'
        if (act === 'crash') world.crash(who)
        if (act === 'restart') world.restart(who)
        if (act === 'pause') world.pause(who)
        if (act === 'resume') world.resume(who)
        if (act === 'cut') world.cut(who, other)
        if (act === 'heal') world.heal()
        if (act === 'power') world.powerOff([who])
        if (act === 'loss') world.quality(who, other, { loss: 0.5 })
        if (act === 'twice') {
          world.quality(who, other, { duplicate: 0.5 })
          faithful = false
        }
      }
      world.run({ forMs: 20 })
      const recorded = frames(world.recording)
      if (faithful) expect(recorded.length).toBe(count.sent)
      expect(recorded.filter(({ fate }) => fate === 'arrived').length).toBe(count.arrived)
      for (const { fate, sentMs, endMs } of recorded) {
        expect(endMs === null).toBe(fate === 'under way')
        if (endMs !== null) expect(endMs).toBeGreaterThanOrEqual(sentMs)
      }
    })
    fc.assert(property, { numRuns: 150 })
  })
})
