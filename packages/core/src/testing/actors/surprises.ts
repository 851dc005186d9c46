import type { ActorFailure, ActorSystem, DeadLetter } from '../../actor/index.js'
import type { Log, LogLevel } from '../../host/index.js'
import { InjectedCrash } from './crash-points.js'
import { ActorTestError, call, list, short } from './words.js'

export interface LoggedLine {
  readonly level: LogLevel
  readonly event: string
  readonly text: string
  readonly data: Readonly<Record<string, unknown>> | undefined
}

/** Each field that is given must be equal. */
export type DeadLetterLike = Partial<Pick<DeadLetter, 'path' | 'handler' | 'reason'>>
export interface FailureLike extends Partial<Pick<ActorFailure, 'kind' | 'path' | 'during' | 'action'>> {
  /** What was thrown is an error with a message that contains this, or matches. */
  readonly message?: string | RegExp
}

/** Everything that a system reports, and what of it the test has expected. */
export class Surprises {
  readonly letters: DeadLetter[] = []
  readonly failures: ActorFailure[] = []
  readonly lines: LoggedLine[] = []
  readonly #expected: Set<object> = new Set()

  listen(system: ActorSystem): void {
    system.deadLetters$.subscribe((letter) => this.letters.push(letter))
    system.failures$.subscribe((failure) => this.failures.push(failure))
  }

  /** Writes to `log` as well: the lines belong to the trace. */
  log(log: Log): Log {
    return {
      write: (level, event, text, data) => {
        this.lines.push({ level, event, text, data })
        log.write(level, event, text, data)
      },
    }
  }

  expectLetter(like: DeadLetterLike): DeadLetter {
    const keys = ['path', 'handler', 'reason'] as const
    return this.#take(
      this.letters,
      (letter) => keys.every((key) => like[key] === undefined || like[key] === letter[key]),
      () => `a dead letter ${short(like)}`,
      letterText,
    )
  }

  expectFailure(like: FailureLike): ActorFailure {
    const keys = ['kind', 'path', 'during', 'action'] as const
    return this.#take(
      this.failures,
      (one) =>
        keys.every((key) => like[key] === undefined || like[key] === one[key]) &&
        matches(messageOf(one.error), like.message),
      () => `a failure ${short(like)}`,
      failureText,
    )
  }

  expectLine(event: string, level?: LogLevel): LoggedLine {
    return this.#take(
      this.lines,
      (line) => line.event === event && (level === undefined || line.level === level),
      () => `a log line ${level ?? ''} ${event}`.replace('  ', ' '),
      lineText,
    )
  }

  /** What nobody expected; crashes of `crashPoints` are the test's own. */
  check(): void {
    const letters = this.letters.filter((one) => !this.#expected.has(one)).map(letterText)
    const failures = this.failures
      .filter((one) => !this.#expected.has(one) && !(one.error instanceof InjectedCrash))
      .map(failureText)
    // The layer's own lines say again what is counted here already.
    const own = new Set(['dead-letter', 'actor-failed'])
    const lines = this.lines
      .filter((line) => line.level === 'error' && !own.has(line.event) && !this.#expected.has(line))
      .map(lineText)
    const all = [...failures, ...letters, ...lines]
    if (all.length === 0) return
    throw new ActorTestError(`${all.length} surprise${all.length === 1 ? '' : 's'}:${list(all)}`)
  }

  /** The first that fits and was not expected before. */
  #take<T extends object>(
    all: readonly T[],
    fits: (one: T) => boolean,
    wanted: () => string,
    words: (one: T) => string,
  ): T {
    const found = all.find((one) => !this.#expected.has(one) && fits(one))
    if (found !== undefined) {
      this.#expected.add(found)
      return found
    }
    const rest = all.filter((one) => !this.#expected.has(one)).map(words)
    const came =
      rest.length === 0 ? 'there is none' : `there ${rest.length === 1 ? 'is' : 'are'}${list(rest)}`
    throw new ActorTestError(`${wanted()} was expected; ${came}`)
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : short(error)
}

function matches(text: string, wanted: string | RegExp | undefined): boolean {
  if (wanted === undefined) return true
  return typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text)
}

const letterText = ({ path, handler, message, reason }: DeadLetter): string =>
  `dead letter: ${call(handler, message)} to ${path}, ${reason}`
const failureText = ({ kind, path, during, error, action }: ActorFailure): string =>
  kind === 'stuck'
    ? `failure: ${path} does not return from ${during}`
    : `failure: ${path} threw ${short(error)} in ${during}, so: ${action}`
const lineText = ({ level, event, text }: LoggedLine): string => `log line: ${level} ${event}: ${text}`
