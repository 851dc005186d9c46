import {
  type ActorRef,
  type AnyRef,
  type Asker,
  makeRef,
  RECEIVE,
  type Target,
  type Watcher,
} from '../../actor/index.js'
import type { Effect } from './effect-types.js'
import { ActorTestError, call } from './words.js'

/** Where tells and asks to stand-ins are written: the handler that runs now. One for the thread. */
let recording: Effect[] | null = null

/** False when another handler is recorded already. */
export function startRecording(effects: Effect[]): boolean {
  if (recording !== null) return false
  recording = effects
  return true
}

export function endRecording(): void {
  recording = null
}

type Answers<P> = {
  readonly [K in keyof P]?: P[K] extends (...message: infer M) => infer R ? (...message: M) => R : never
}

/**
 * A ref for the states and messages of `effectsOf`: what it is told or asked becomes an effect, and goes nowhere.
 * An ask of it gets what `answers` say.
 *
 * @example
 * const printer = standIn<{ print: (m: { text: string }) => void; pages: () => number }>('printer', { pages: () => 3 })
 */
export function standIn<P>(path: string, answers: Answers<P> = {}): ActorRef<P> {
  // A stand-in takes whatever it is sent.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return makeStandIn(path, new Map(Object.entries(answers))) as ActorRef<P>
}

export function makeStandIn(path: string, answers: ReadonlyMap<string, unknown> = new Map()): AnyRef {
  return new StandIn(path, answers).ref
}

let uids = 0

/** `ref.ask((to) => message)`: the answer to the message is the reply. */
const asker: Asker = {
  question: (target, path, make) => {
    // A stand-in takes whatever it is sent.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const to = makeStandIn(`${path}/$ask`) as Parameters<typeof make>[0]
    return target.ask(RECEIVE, make(to))
  },
}

class StandIn implements Target {
  readonly handlers: null = null
  readonly load = 0
  readonly ref: AnyRef
  readonly #answers: ReadonlyMap<string, unknown>

  constructor(path: string, answers: ReadonlyMap<string, unknown>) {
    this.ref = makeRef('', path, ++uids, this, asker)
    this.#answers = answers
  }

  tell(handler: string, message: unknown): boolean {
    this.#record('tell', handler, message)
    return true
  }

  ask(handler: string, message: unknown): Promise<unknown> {
    this.#record('ask', handler, message)
    const answer = this.#answers.get(handler)
    const why = `the stand-in ${this.ref.path} has no answer for ${handler}: give it one, standIn('${this.ref.path}', { ${handler}: ... })`
    // The protocol is known to the compiler only.
    return typeof answer === 'function'
      ? Promise.resolve(message).then((asked): unknown => Reflect.apply(answer, undefined, [asked]))
      : Promise.reject(new ActorTestError(why))
  }

  stop(): Promise<void> {
    recording?.push({ do: 'stop', ref: this.ref })
    return Promise.resolve()
  }

  watch(_watcher: Watcher): void {}

  unwatch(_watcher: Watcher): void {}

  #record(what: 'tell' | 'ask', handler: string, message: unknown): void {
    if (recording === null)
      throw new ActorTestError(
        `${this.ref.path} got ${call(handler, message)}: a stand-in is for effectsOf; where actors run take a probe`,
      )
    recording.push({ do: what, to: this.ref, handler, message })
  }
}
