import { persist, refuse, role } from '@tanist/singleton'
import type { Accept, Make, Refuse, Role } from '@tanist/singleton'
import { noRegisters, read, write } from './registers.js'
import type { Registers } from './registers.js'
import { readValue } from './values.js'
import type { JsonText } from './values.js'

interface Written {
  readonly key: string
  readonly json: JsonText
}

/** Every command answers with the value of the register after it, or refuses with a sentence. */
type Command<C> = (
  registers: Registers,
  command: { readonly key: string } & C,
  on: Make<Registers, Events>,
) => Accept<JsonText> | Refuse<string>

export type Events = { written: (registers: Registers, event: Written) => Registers }

export type Commands = {
  put: Command<{ readonly json: JsonText }>
  cas: Command<{ readonly from: JsonText; readonly to: JsonText }>
  add: Command<{ readonly by: number }>
}

/** What `cas` finds in a register that was never written. */
const ABSENT: JsonText = 'null'

/** Named JSON values. */
export const register: Role<Registers, Events, Commands> = role<Registers, Events, Commands>('register', {
  state: () => noRegisters,
  events: {
    written: (registers, { key, json }) => write(registers, key, json),
  },
  commands: {
    put: (_registers, { key, json }, on) => persist(on.written({ key, json })).reply(() => json),

    cas: (registers, { key, from, to }, on) =>
      (read(registers, key) ?? ABSENT) === from
        ? persist(on.written({ key, json: to })).reply(() => to)
        : refuse('The register does not hold the value of "from".'),

    add: (registers, { key, by }, on) => {
      const value = readValue(read(registers, key) ?? '0')
      if (typeof value !== 'number') return refuse('The register holds something that is not a number.')
      if (!Number.isFinite(value + by)) return refuse('The sum is out of the range of numbers.')
      const json = JSON.stringify(value + by)
      return persist(on.written({ key, json })).reply(() => json)
    },
  },
})
