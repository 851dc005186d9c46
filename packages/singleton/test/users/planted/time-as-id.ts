import { persist, role } from '../../../src/index.js'
import { law, work } from '../../../src/testing/index.js'
import { testCluster } from '../../../src/testing/property/index.js'
import { lastState } from './laws.js'
import type { Planted } from './planted.js'

interface Notes {
  readonly byId: Readonly<Record<string, string>>
}

const notes = (cured: boolean) =>
  role('notes', {
    state: (): Notes => ({ byId: {} }),
    events: {
      added: (s, e: { id: string; text: string }) => ({ byId: { ...s.byId, [e.id]: e.text } }),
    },
    commands: {
      add: (_s, c: { text: string }, on, ctx) =>
        persist(on.added({ id: cured ? ctx.id() : String(ctx.at), text: c.text })),
    },
  })

/** Two commands in one millisecond, or a server whose clock is behind: one note replaces another. */
export const planted: Planted = {
  bug: 'the time of a command as its unique id',
  cure: 'take ctx.id()',
  laws: ['no note is lost'],
  hunt: (common, cured) =>
    testCluster({
      ...common,
      roles: [notes(cured)],
      workload: {
        work: work(notes(cured), { add: (_dice, client) => ({ text: `${client.name}-${client.seq}` }) }),
        clients: 5,
      },
      laws: [
        law('no note is lost', 'Every note that was acknowledged is there in the end.', (history) => {
          const state = lastState(history, notes(cured))
          if (state === null) return null
          const there = new Set(Object.values(state.byId))
          const lost = history.operations.find(
            ({ kind, outcome, input }) =>
              kind === 'command' && outcome?.status === 'ok' && !there.has((input as { text: string }).text),
          )
          return lost === undefined ? null : `the note of ${lost.id} was acknowledged and is not there`
        }),
      ],
    }),
}
