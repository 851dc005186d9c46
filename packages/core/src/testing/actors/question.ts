import {
  type ActorRef,
  type AnyRef,
  AskError,
  type Asker,
  makeRef,
  RECEIVE,
  type Receives,
  type Target,
} from '../../actor/index.js'
import type { Surroundings } from './probe.js'

/** Lets refs of probes be asked with `ref.ask((to) => message)`: the first message to `to` is the answer. */
export class ProbeAsker implements Asker {
  readonly #around: Surroundings
  #count = 0

  constructor(around: Surroundings) {
    this.#around = around
  }

  question(
    target: Target,
    path: string,
    make: (to: ActorRef<Receives<unknown>>) => unknown,
    timeoutMs: number = this.#around.askTimeoutMs,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const late = `ask of ${path}: the probe gave no reply within ${timeoutMs} ms`
      const cancel = this.#around.after(timeoutMs, () => reject(new AskError('timeout', late)))
      const to = this.#to(`${path}/$ask/${++this.#count}`, (value) => (cancel(), resolve(value)))
      target.ask(RECEIVE, make(to)).catch((error: unknown) => (cancel(), reject(error)))
    })
  }

  #to(path: string, answer: (value: unknown) => void): ActorRef<Receives<unknown>> {
    const target: Target = {
      handlers: [RECEIVE],
      load: 0,
      tell: (_handler, value) => (answer(value), true),
      ask: (_handler, value) => Promise.resolve(answer(value)),
      stop: () => Promise.resolve(),
      watch: () => {},
      unwatch: () => {},
    }
    const ref: AnyRef = makeRef('', path, this.#around.nextUid(), target)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return ref as ActorRef<Receives<unknown>>
  }
}
