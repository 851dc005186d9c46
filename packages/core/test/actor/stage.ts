import {
  type ActorFailure,
  type ActorSystem,
  type ActorSystemOptions,
  AskError,
  actorSystem,
  type DeadLetter,
} from '../../src/actor/index.js'
import { type ManualHost, manualHost } from './manual.js'

export interface Stage {
  readonly host: ManualHost
  readonly system: ActorSystem
  readonly failures: ActorFailure[]
  readonly dead: DeadLetter[]
  /** Runs everything that can run without the time passing. */
  settle(): Promise<void>
  /** Lets time pass in steps, with everything that runs in between. */
  pass(ms: number, stepMs?: number): Promise<void>
}

/** A system whose turns and time are moved by the test. */
export function stage(options: Partial<ActorSystemOptions> = {}): Stage {
  const host = manualHost()
  const system = actorSystem({ host, name: 'app', ...options })
  const failures: ActorFailure[] = []
  const dead: DeadLetter[] = []
  system.failures$.subscribe((failure) => failures.push(failure))
  system.deadLetters$.subscribe((letter) => dead.push(letter))
  const settle = (): Promise<void> => host.engine.settle()
  const pass = async (ms: number, stepMs = ms): Promise<void> => {
    for (let left = ms; left > 0; left -= stepMs) {
      host.advance(Math.min(left, stepMs))
      await settle()
    }
  }
  return { host, system, failures, dead, settle, pass }
}

/** The code of the error with which `asked` ends, or `replied`. */
export function outcome(asked: Promise<unknown>): Promise<string> {
  return asked.then(
    () => 'replied',
    (error: unknown) => (error instanceof AskError ? error.code : 'another error'),
  )
}
