import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { geometryOfPage, type View } from '../../src/testing/record/picture/page/geometry.js'

const geometry = geometryOfPage()
const base: View = { width: 1_000, height: 800, gutter: 200, pxPerMs: 2, topMs: 50, columns: [0, 1, 2, 3] }

/** Messages in the packed form of the page: times in milliseconds. */
function pack(
  list: readonly { sent: number; way: number; from: number; to: number; fate?: number }[],
): number[] {
  let before = 0
  return list.flatMap(({ sent, way, from, to, fate = 0 }) => {
    const delta = sent - before
    before = sent
    return [delta * 1_000, way < 0 ? -1 : way * 1_000, from, to, fate, 0]
  })
}

const messages = fc
  .array(
    fc.record({
      sent: fc.nat(10_000),
      way: fc.oneof(fc.nat(3), fc.nat(5_000), fc.constant(-1)),
      from: fc.nat(3),
      to: fc.nat(3),
    }),
    { maxLength: 900 },
  )
  .map((list) => list.toSorted((x, y) => x.sent - y.sent))

const views = fc
  .record({
    topMs: fc.integer({ min: -100, max: 10_000 }),
    pxPerMs: fc.double({ min: 0.05, max: 300, noNaN: true }),
  })
  .map((part): View => ({ ...base, ...part }))

describe('the page', () => {
  it('finds the time of a pixel again', () => {
    fc.assert(
      fc.property(views, fc.nat(10_000), (view, ms) => {
        expect(geometry.time(view, geometry.y(view, ms))).toBeCloseTo(ms, 6)
      }),
    )
  })

  it('zooms around the point that is pointed at', () => {
    fc.assert(
      fc.property(views, fc.nat(800), fc.double({ min: 0.05, max: 300, noNaN: true }), (view, y, scale) => {
        const before = geometry.time(view, y)
        expect(geometry.time(geometry.zoom(view, scale, y), y)).toBeCloseTo(before, 6)
      }),
    )
  })

  it('spreads the shown columns over the width, and hides the others', () => {
    expect(base.columns.map((column) => geometry.x(base, column))).toEqual([300, 500, 700, 900])
    const fewer = { ...base, columns: [1, 3] }
    expect([0, 1, 2, 3].map((column) => geometry.x(fewer, column))).toEqual([null, 400, null, 800])
  })

  it('draws exactly the messages that cross the window, however many and however long', () => {
    const property = fc.property(messages, views, (list, view) => {
      const unpacked = geometry.unpack({ messages: pack(list), endMs: 12_000 })
      const bottom = geometry.bottomMs(view)
      const expected = list.flatMap(({ sent, way }, i) => {
        const end = way < 0 ? Math.max(12_000, sent) : sent + way
        return sent <= bottom && end >= view.topMs ? [i] : []
      })
      expect(geometry.visible(unpacked, view, () => true)).toEqual(expected)
    })
    fc.assert(property)
  })

  it('thins out what is too much, keeps what was lost, and keeps the same ones while it scrolls', () => {
    const list = Array.from({ length: 10_000 }, (_, i) => ({
      sent: i,
      way: 1,
      from: 0,
      to: 1,
      fate: i % 100 === 7 ? 1 : 0,
    }))
    const unpacked = geometry.unpack({ messages: pack(list), endMs: 10_001 })
    const all = list.map((_, i) => i)
    const { shown, oneIn } = geometry.thin(unpacked, all, 1_000)
    expect(oneIn).toBe(10)
    expect(shown.filter((i) => i % 100 === 7).length).toBe(100)
    expect(shown.length).toBe(1_100)
    const scrolled = geometry.thin(unpacked, all.slice(37), 1_000)
    expect(scrolled.shown).toEqual(shown.filter((i) => i >= 37))
    expect(geometry.thin(unpacked, all.slice(0, 900), 1_000)).toEqual({ shown: all.slice(0, 900), oneIn: 1 })
  })

  it('finds the line under the pointer, the nearest of several, and none when it is far away', () => {
    const unpacked = geometry.unpack({
      messages: pack([
        { sent: 100, way: 100, from: 0, to: 1 },
        { sent: 120, way: 100, from: 0, to: 1 },
        { sent: 150, way: 100, from: 2, to: 3, fate: 1 },
      ]),
      endMs: 1_000,
    })
    const at = (x: number, y: number): number | null => geometry.hit(base, unpacked, [0, 1, 2], x, y, 6)
    expect(at(400, 200)).toBe(0)
    expect(at(400, 238)).toBe(1)
    expect(at(400, 220)).toBeNull()
    // Lost: its line ends before the column that it never reached.
    expect(at(824, 400)).toBe(2)
    expect(at(900, 400)).toBeNull()
  })

  it('has some time marks at every scale, never so many that they touch', () => {
    fc.assert(
      fc.property(views, (view) => {
        const ticks = geometry.ticks(view).map(({ ms }) => geometry.y(view, ms))
        ticks.slice(1).forEach((y, i) => expect(y - ticks[i]!).toBeGreaterThan(50))
        expect(ticks.length).toBeLessThan(20)
        if (view.topMs >= 0) expect(ticks.length).toBeGreaterThan(1)
      }),
    )
  })

  it('shows the whole run at its smallest scale, and a scroll bar can follow at its largest', () => {
    expect(geometry.fitScale(800, 60_000) * 60_000).toBeLessThan(800)
    expect(geometry.maxScale(3_600_000) * 3_600_000).toBeLessThanOrEqual(8_000_000)
  })
})
