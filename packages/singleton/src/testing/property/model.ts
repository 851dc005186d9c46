import * as fc from 'fast-check'
import type { AnyRole, Caller, Role } from '../../role/index.js'
import type { CommandName, InputOf, RefusalOf, ReplyOf } from '../role-parts.js'
import { Trial } from '../trial.js'
import type { TrialOutcome } from '../trial.js'
import { differences, show } from '../value-text.js'

/** What a model may know of a command besides its input: the same that the role gets. */
export interface ModelContext {
  readonly at: number
  readonly id: () => string
  readonly caller: Caller
}

type Accepted<M, R> = { readonly model: M } & ([R] extends [void]
  ? { readonly reply?: undefined }
  : { readonly reply: R })

/** What the role must do, as the model sees it. */
export type Expected<M, R, F> = Accepted<M, R> | { readonly refused: F }

export type ModelCommand<M, I, R, F> = {
  /** How often it is drawn, compared with the others. Default 1. */
  readonly weight?: number
  readonly expect: (model: M, input: I, ctx: ModelContext) => Expected<M, R, F>
} & (undefined extends I ? { readonly input?: fc.Arbitrary<I> } : { readonly input: fc.Arbitrary<I> })

export interface Model<S, C, M> {
  /** The model before the first command; made anew for every run. */
  readonly model: () => M
  readonly commands: {
    readonly [K in CommandName<C>]?: ModelCommand<NoInfer<M>, InputOf<C, K>, ReplyOf<C, K>, RefusalOf<C, K>>
  }
  /** Holds after every command. False, or a sentence, when it does not. */
  readonly invariant?: (state: S, model: NoInfer<M>) => boolean | string
  /** Who sends the commands. Default: one member. */
  readonly caller?: fc.Arbitrary<Partial<Caller>>
}

export interface ModelTestOptions {
  /** Default 200. */
  readonly runs?: number
  /** Most commands of one run. Default 20. */
  readonly maxCommands?: number
  /** As a failure names them: repeats it alone. */
  readonly seed?: number
  readonly path?: string
}

/** One command of a run: plain data, printed in words. */
interface Step {
  readonly command: string
  readonly input: unknown
  /** Milliseconds since the command before. */
  readonly waitMs: number
  readonly caller: Partial<Caller>
}

const FROM_MS = 1_790_000_000_000

/**
 * Compares a role with a plain model: random commands run on both, the role on the code that decides and applies
 * on a server. Replies, refusals and the invariant must agree; and after every run a replica that replays the
 * journal has the same state. Throws with the shortest list of commands that it found.
 *
 * @example
 * modelTest(stock, {
 *   model: () => new Map<string, number>(),
 *   commands: {
 *     take: {
 *       input: fc.record({ sku: fc.constantFrom('a', 'b'), n: fc.integer({ min: 1, max: 3 }) }),
 *       expect: (have, { sku, n }) => {
 *         const left = (have.get(sku) ?? 0) - n
 *         if (left < 0) return { refused: { code: 'short' as const, have: left + n } }
 *         return { model: new Map(have).set(sku, left), reply: left }
 *       },
 *     },
 *   },
 * })
 */
export function modelTest<S, E, C, M>(
  role: Role<S, E, C>,
  model: Model<S, C, M>,
  options: ModelTestOptions = {},
): void {
  const { runs = 200, maxCommands, seed, path } = options
  const plan = planOf(role, model)
  const property = fc.property(stepsArbitrary(plan, maxCommands), (steps) => runSteps(plan, steps))
  const details = fc.check(property, {
    numRuns: runs,
    ...(seed === undefined ? {} : { seed }),
    ...(path === undefined ? {} : { path }),
  })
  if (details.failed) {
    const steps = withoutNeedless(
      details.counterexample?.[0] ?? [],
      (fewer) => failureOf(plan, fewer).length > 0,
    )
    const where = `{ seed: ${details.seed}, path: '${details.counterexamplePath ?? ''}' }`
    throw new Error(
      [
        ...explain(plan, steps),
        `Found after ${details.numRuns} runs, made smaller ${details.numShrinks} times. Again: modelTest(${role.name}, model, ${where})`,
      ].join('\n'),
      { cause: details.errorInstance },
    )
  }
  if (path === undefined && plan.tally.accepted === 0)
    throw new Error(
      `In ${runs} runs the role '${role.name}' never accepted a command, so nothing was compared but refusals: add a command that makes the others possible.`,
    )
}

/** The same as a fast-check property, for `fc.assert` and for `@fast-check/vitest`. */
export function modelProperty<S, E, C, M>(
  role: Role<S, E, C>,
  model: Model<S, C, M>,
  options: Pick<ModelTestOptions, 'maxCommands'> = {},
): fc.IProperty<[readonly unknown[]]> {
  const plan = planOf(role, model)
  return fc.property(stepsArbitrary(plan, options.maxCommands), (steps) => {
    if (failureOf(plan, steps).length > 0) throw new Error(explain(plan, steps).join('\n'))
  })
}

interface AnyCommand {
  readonly input?: fc.Arbitrary<unknown>
  readonly weight?: number
  readonly expect: (model: unknown, input: unknown, ctx: ModelContext) => AnyExpected
}

type AnyExpected = { readonly model: unknown; readonly reply?: unknown } | { readonly refused: unknown }

/** A model whose types do not matter any more. */
interface Plan {
  readonly role: AnyRole
  readonly model: () => unknown
  readonly commands: ReadonlyMap<string, AnyCommand>
  readonly invariant: (state: unknown, model: unknown) => boolean | string
  readonly caller: fc.Arbitrary<Partial<Caller>>
  readonly tally: { accepted: number }
}

function planOf<S, E, C, M>(role: Role<S, E, C>, model: Model<S, C, M>): Plan {
  const any = role as Role<S, E, C> & AnyRole
  const commands = new Map(Object.entries(model.commands) as [string, AnyCommand][])
  const unknown = [...commands.keys()].filter((name) => !Object.hasOwn(any.commands, name))
  const names = Object.keys(any.commands).join(', ')
  if (unknown.length > 0)
    throw new TypeError(
      `The model names ${unknown.join(', ')}; the role '${role.name}' has the commands ${names}.`,
    )
  if (commands.size === 0)
    throw new TypeError(`The model has no commands; the role '${role.name}' has ${names}.`)
  return {
    role: any,
    model: model.model,
    commands,
    invariant: (model.invariant ?? (() => true)) as Plan['invariant'],
    caller: model.caller ?? fc.constant({ memberId: 'member-1' }),
    tally: { accepted: 0 },
  }
}

function stepsArbitrary(plan: Plan, maxCommands = 20): fc.Arbitrary<Step[]> {
  const steps = [...plan.commands].map(([command, { input, weight = 1 }]) => ({
    weight,
    arbitrary: fc.record({
      command: fc.constant(command),
      input: input ?? fc.constant(undefined),
      waitMs: fc.nat({ max: 60_000 }),
      caller: plan.caller,
    }),
  }))
  return fc.array(fc.oneof(...steps), { minLength: 1, maxLength: maxCommands, size: 'max' })
}

/** Leaves out, one after the other, what is not needed to fail. */
function withoutNeedless(
  steps: readonly Step[],
  fails: (steps: readonly Step[]) => boolean,
): readonly Step[] {
  for (let i = steps.length - 1; i >= 0; i--) {
    const fewer = steps.toSpliced(i, 1)
    if (fails(fewer)) return withoutNeedless(fewer, fails)
  }
  return steps
}

/** Runs all steps; throws the first sentence that is wrong. */
function runSteps(plan: Plan, steps: readonly Step[]): void {
  const [told] = failureOf(plan, steps)
  if (told !== undefined) throw new Error(told)
}

/** What went wrong (nothing: an empty list), and on the way what every step came to. */
function failureOf(plan: Plan, steps: readonly Step[], lines: string[] = []): string[] {
  const trial = new Trial(plan.role)
  let model = plan.model()
  let at = FROM_MS
  try {
    for (const [i, step] of steps.entries()) {
      at += step.waitMs
      const line = `${i + 1}. ${step.command}${step.input === undefined ? '' : ` ${show(step.input)}`}`
      lines.push(line)
      const caller: Caller = { level: 'member', ...step.caller }
      const ids = idsOf(i)
      // The model is asked first, as it may build on the same input.
      const expected = plan.commands
        .get(step.command)
        ?.expect(model, step.input, { at, caller, id: ids.next }) ?? { model }
      const outcome = trial.run(step.command, step.input, { at, caller, ids: ids.list })
      lines[i] = `${line}  ->  ${outcomeText(outcome)}`
      const told = disagreement(expected, outcome)
      if (told !== null) return [told]
      if ('model' in expected) {
        model = expected.model
        plan.tally.accepted += 1
      }
      const holds = plan.invariant(trial.state, model)
      if (holds !== true)
        return [
          `The invariant does not hold${holds === false ? '' : `: ${holds}`}. The state is ${show(trial.state)}.`,
        ]
    }
    trial.checkReplay()
    return []
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)]
  }
}

/** Ids that model and role draw alike, enough for any command. */
function idsOf(step: number): { readonly list: readonly string[]; readonly next: () => string } {
  const list = Array.from({ length: 100 }, (_, i) => `id-${step + 1}-${i + 1}`)
  let used = 0
  return { list, next: () => list[used++] ?? 'too many ids' }
}

function disagreement(expected: AnyExpected, outcome: TrialOutcome): string | null {
  const refused = 'refused' in expected
  if (outcome.kind === 'failed' || refused !== (outcome.kind === 'refused')) {
    const wish = refused ? `refuses it with ${show(expected.refused)}` : `accepts it`
    return `The role ${outcomeText(outcome)}, the model ${wish}.`
  }
  const [wanted, got] = refused
    ? [expected.refused, outcome.kind === 'refused' ? outcome.refusal : undefined]
    : [expected.reply, outcome.kind === 'persisted' ? outcome.reply : undefined]
  const told = differences(wanted, got)
  return told.length === 0
    ? null
    : `The ${refused ? 'refusals' : 'replies'} differ: ${told.join('; ')} from the role.`
}

function outcomeText(outcome: TrialOutcome): string {
  if (outcome.kind === 'failed') return `was not run: ${outcome.refusal.text}`
  return outcome.kind === 'refused' ? `refused ${show(outcome.refusal)}` : `replied ${show(outcome.reply)}`
}

function explain(plan: Plan, steps: readonly Step[]): string[] {
  const lines: string[] = []
  const [told = 'It did not happen again: the role or the model depends on something outside of them.'] =
    failureOf(plan, steps, lines)
  const count = `${lines.length} command${lines.length === 1 ? '' : 's'}`
  return [
    `The role '${plan.role.name}' is not what its model says, after ${count}:`,
    ...lines.map((line) => `  ${line}`),
    told,
  ]
}
