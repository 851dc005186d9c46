import type { AnyRole, Ctx, Decision } from '../role/index.js'
import { differences, show } from './value-text.js'

/** A role does what no role may do: the sentence says what, and what to do instead. */
export class RoleFault extends Error {
  constructor(text: string, cause?: unknown) {
    super(text, cause === undefined ? undefined : { cause })
    this.name = 'RoleFault'
  }
}

type CommandFunction = (state: unknown, input: unknown, on: unknown, ctx: Ctx) => unknown
type EventFunction = (state: unknown, payload: unknown) => unknown

/** Stands for a random or clocked value: what differs between two runs of one function. */
const NOT_PURE = 'Take time, ids and chance from ctx, and keep nothing outside of the state'

/**
 * The same role, with every command and event function run twice on the same arguments: both must do the same
 * and leave what they were given as it was. `contextOf` may give commands another context.
 */
export function watchedRole(role: AnyRole, contextOf: (ctx: Ctx) => Ctx = (ctx) => ctx): AnyRole {
  const commands = Object.entries(role.commands).map(([name, run]) => [
    name,
    watchCommand(`${role.name}.${name}`, run as unknown as CommandFunction, contextOf),
  ])
  const events = Object.entries(role.events).map(([name, run]) => [
    name,
    watchEvent(`${role.name}.${name}`, run as unknown as EventFunction),
  ])
  return { ...role, commands: Object.fromEntries(commands), events: Object.fromEntries(events) }
}

function watchCommand(place: string, run: CommandFunction, contextOf: (ctx: Ctx) => Ctx): CommandFunction {
  return (state, input, on, ctx) => {
    const what = `The command ${place}`
    const decide = (): unknown => unchanged(what, [state, input], () => run(state, input, on, contextOf(ctx)))
    const first = decide()
    if (!isDecision(first)) return first
    const told = differences(plain(first), plain(decide()))
    if (told.length > 0)
      throw new RoleFault(
        `${what} decides differently when it is asked twice the same (${told.join('; ')}). ${NOT_PURE}.`,
      )
    if (first.kind === 'refuse' || first.answer === null) return first
    const answer = first.answer as (next: unknown) => unknown
    return {
      ...first,
      answer: (next: unknown) =>
        twice(`The reply of ${place}`, () => unchanged(`The reply of ${place}`, [next], () => answer(next))),
    }
  }
}

function watchEvent(place: string, run: EventFunction): EventFunction {
  const what = `The event function ${place}`
  return (state, payload) => twice(what, () => unchanged(what, [state, payload], () => run(state, payload)))
}

function twice(what: string, run: () => unknown): unknown {
  const first = run()
  const text = show(first)
  const second = run()
  if (show(second) === text) return first
  throw new RoleFault(
    `${what} gives two results for the same state and event (${differences(first, second).join('; ') || 'it changes what it returned'}). ${NOT_PURE}: every replica must come to the same state.`,
  )
}

/** Runs a function that may not change what it is given. Plain objects are frozen; maps and the like are compared. */
function unchanged<T>(what: string, given: readonly unknown[], run: () => T): T {
  const before = show(given)
  let result: T
  try {
    result = run()
  } catch (error) {
    if (error instanceof TypeError && FROZEN.test(error.message))
      throw new RoleFault(`${what} changes what it was given (${error.message}). ${RETURN_NEW}.`, error)
    throw error
  }
  if (show(given) === before) return result
  throw new RoleFault(`${what} changes what it was given. ${RETURN_NEW}.`)
}

const FROZEN = /read only|not extensible|Cannot delete property|Cannot redefine property/
const RETURN_NEW = 'Return a new value with the change instead; the old state is still in use elsewhere'

function isDecision(value: unknown): value is Decision {
  return typeof value === 'object' && value !== null && 'kind' in value && !(value instanceof Promise)
}

const plain = (decision: unknown): unknown =>
  typeof decision === 'object' && decision !== null && 'events' in decision ? decision.events : decision
