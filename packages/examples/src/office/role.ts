import { persist, refuse, role } from '@tanist/singleton'
import type { Accept, Ctx, Make, Refuse, Role } from '@tanist/singleton'

export interface Note {
  readonly id: string
  readonly text: string
  readonly done: boolean
  /** Milliseconds since 1970, by the clock of the server that took it. */
  readonly at: number
}

export interface Board {
  /** In the order in which they were added. */
  readonly notes: readonly Note[]
}

export interface BoardRefusal {
  readonly code: 'empty' | 'too-long' | 'full' | 'unknown-note'
  readonly text: string
}

/** Characters in one note. */
export const MAX_TEXT: number = 280
/** 20,000 notes of 280 characters: about 7 MB of state, and a few hundred microseconds for a change. */
export const MAX_NOTES: number = 20_000

export type BoardEvents = {
  added: (board: Board, note: Note) => Board
  ticked: (board: Board, event: { note: string; done: boolean }) => Board
  removed: (board: Board, event: { note: string }) => Board
}

type On = Make<Board, BoardEvents>

/** What each command takes, and how it ends. `add` answers with the new note's id. */
export type BoardCommands = {
  add: (
    board: Board,
    command: { text: string },
    on: On,
    ctx: Ctx,
  ) => Accept<{ note: string }> | Refuse<BoardRefusal>
  tick: (
    board: Board,
    command: { note: string; done: boolean },
    on: On,
  ) => Accept<void> | Refuse<BoardRefusal>
  remove: (board: Board, command: { note: string }, on: On) => Accept<void> | Refuse<BoardRefusal>
}

/** The office's shared board. */
export const board: Role<Board, BoardEvents, BoardCommands> = role('board', {
  state: (): Board => ({ notes: [] }),
  events: {
    added: ({ notes }: Board, note: Note) => ({ notes: [...notes, note] }),
    ticked: ({ notes }: Board, { note, done }: { note: string; done: boolean }) => ({
      notes: notes.map((one) => (one.id === note ? { ...one, done } : one)),
    }),
    removed: ({ notes }: Board, { note }: { note: string }) => ({
      notes: notes.filter((one) => one.id !== note),
    }),
  },
  commands: {
    add: ({ notes }: Board, command: { text: string }, on: On, ctx: Ctx) => {
      const text = command.text.trim()
      if (text === '') return refuse<BoardRefusal>({ code: 'empty', text: 'A note needs a text.' })
      if (text.length > MAX_TEXT) {
        return refuse<BoardRefusal>({
          code: 'too-long',
          text: `A note has at most ${MAX_TEXT} characters; this one has ${text.length}.`,
        })
      }
      if (notes.length >= MAX_NOTES) {
        return refuse<BoardRefusal>({
          code: 'full',
          text: `The board is full with ${MAX_NOTES} notes; remove one first.`,
        })
      }
      const note = { id: ctx.id(), text, done: false, at: ctx.at }
      return persist(on.added(note)).reply(() => ({ note: note.id }))
    },
    tick: (state: Board, { note, done }: { note: string; done: boolean }, on: On) =>
      holds(state, note) ? persist(on.ticked({ note, done })) : unknownNote(),
    remove: (state: Board, { note }: { note: string }, on: On) =>
      holds(state, note) ? persist(on.removed({ note })) : unknownNote(),
  },
})

function holds({ notes }: Board, id: string): boolean {
  return notes.some((note) => note.id === id)
}

function unknownNote(): Refuse<BoardRefusal> {
  return refuse({ code: 'unknown-note', text: 'This note is not on the board; somebody removed it.' })
}
