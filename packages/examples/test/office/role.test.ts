import { describe, expect, it } from 'vitest'
import { board, MAX_NOTES, MAX_TEXT } from '../../src/office/role.js'
import type { Board, Note } from '../../src/office/role.js'

const on = {
  added: (payload: Note) => ({ type: 'added' as const, payload }),
  ticked: (payload: { note: string; done: boolean }) => ({ type: 'ticked' as const, payload }),
  removed: (payload: { note: string }) => ({ type: 'removed' as const, payload }),
}

let ids = 0
const ctx = { at: 1_000, id: () => `id-${++ids}`, caller: { level: 'member' as const } }

type Decided = ReturnType<
  typeof board.commands.add | typeof board.commands.tick | typeof board.commands.remove
>

/** The board after what a command decided; a refusal's text when it refused. */
function after(state: Board, decided: Decided): Board | string {
  if (decided.kind === 'refuse') return decided.refusal.text
  return decided.events.reduce((now: Board, { type, payload }) => {
    const evolve = board.events[type as keyof typeof board.events] as (s: Board, p: unknown) => Board
    return evolve(now, payload)
  }, state)
}

function noteOn(text: string): Board {
  return after(board.state(), board.commands.add(board.state(), { text }, on, ctx)) as Board
}

describe('the board', () => {
  it('keeps notes in the order in which they came, without the spaces around them', () => {
    const one = noteOn('  first ')
    const two = after(one, board.commands.add(one, { text: 'second' }, on, ctx)) as Board
    expect(two.notes.map(({ text, done, at }) => [text, done, at])).toEqual([
      ['first', false, 1_000],
      ['second', false, 1_000],
    ])
    expect(one.notes).toHaveLength(1)
  })

  it('ticks a note, takes the tick back, and lets a second tick be', () => {
    const open = noteOn('tea')
    const note = open.notes[0]?.id ?? ''
    const done = after(open, board.commands.tick(open, { note, done: true }, on)) as Board
    expect(done.notes[0]?.done).toBe(true)
    expect(after(done, board.commands.tick(done, { note, done: true }, on))).toEqual(done)
    expect(after(done, board.commands.tick(done, { note, done: false }, on))).toEqual(open)
  })

  it('removes one note and no other', () => {
    const one = noteOn('stays')
    const two = after(one, board.commands.add(one, { text: 'goes' }, on, ctx)) as Board
    const left = after(two, board.commands.remove(two, { note: two.notes[1]?.id ?? '' }, on)) as Board
    expect(left).toEqual(one)
  })

  it('refuses what is not on it, and texts that are empty or too long', () => {
    const state = noteOn('tea')
    const gone = 'This note is not on the board; somebody removed it.'
    expect(after(state, board.commands.tick(state, { note: 'x', done: true }, on))).toBe(gone)
    expect(after(state, board.commands.remove(state, { note: 'x' }, on))).toBe(gone)
    expect(after(state, board.commands.add(state, { text: ' \n ' }, on, ctx))).toBe('A note needs a text.')
    const long = 'x'.repeat(MAX_TEXT + 1)
    expect(after(state, board.commands.add(state, { text: long }, on, ctx))).toMatch(/at most 280 .* has 281/)
  })

  it('refuses a note more than it has room for', () => {
    const note: Note = { id: 'n', text: 't', done: false, at: 0 }
    const full: Board = { notes: Array.from({ length: MAX_NOTES }, () => note) }
    expect(after(full, board.commands.add(full, { text: 'one more' }, on, ctx))).toMatch(/^The board is full/)
  })
})
