import { persist, role } from '@tanist/singleton'
import type { Accept, Make, Role } from '@tanist/singleton'

export interface Tally {
  readonly ids: readonly string[]
}
export type TallyEvents = { noted: (tally: Tally, event: { id: string }) => Tally }
export type TallyCommands = {
  note: (tally: Tally, command: { id: string }, on: Make<Tally, TallyEvents>) => Accept<void>
}

/** Keeps every id that it was ever told: what was acknowledged must be in it for ever. */
export const tally: Role<Tally, TallyEvents, TallyCommands> = role('tally', {
  state: (): Tally => ({ ids: [] }),
  events: { noted: ({ ids }: Tally, { id }: { id: string }) => ({ ids: [...ids, id] }) },
  commands: {
    note: (_state: Tally, { id }: { id: string }, on: Make<Tally, TallyEvents>) => persist(on.noted({ id })),
  },
})
