import { persist, role } from '@tanist/singleton'
import { noRegisters, write } from '../../dist/register/registers.js'

/** What is written in all rows, here and elsewhere: 100 bytes. */
export const VALUE = 'x'.repeat(100)

/** The least that a role can be: counts what it was given. */
export const bare = role('bare', {
  state: () => ({ writes: 0, last: '' }),
  events: { put: (state, { value }) => ({ writes: state.writes + 1, last: value }) },
  commands: { put: (_state, { value }, on) => persist(on.put({ value })) },
})

/** A map of many keys: for memory. */
export const store = role('store', {
  state: () => noRegisters,
  events: { put: (state, { key, value }) => write(state, key, value) },
  commands: { put: (_state, { key, value }, on) => persist(on.put({ key, value })) },
})
