import * as fc from 'fast-check'
import { runArbitrary } from './arbitrary.js'
import { TestMisuse } from './errors.js'
import { nowMs } from './files.js'
import { Hunt } from './hunt.js'
import { PEERS } from './options.js'
import type { CampaignOptions, KeptCase } from './options.js'
import { failureOf } from './report.js'
import { runCase } from './run-case.js'
import type { CaseResult } from './run-case.js'

/** What a campaign came to that found nothing wrong. */
export interface ClusterTally {
  /** Runs that counted. */
  readonly runs: number
  /** Runs in which no fault hit anybody or no command was acknowledged. */
  readonly idle: number
  readonly acknowledged: number
  readonly reigns: number
  readonly faults: number
  readonly seconds: number
  /** How often each law could have been broken. */
  readonly exercised: Readonly<Record<string, number>>
}

/** The runs of one test, and what they came to together. */
export class Campaign<O> {
  readonly peers: number
  readonly #options: CampaignOptions<O>
  readonly #startMs = nowMs()
  #runs = 0
  #idle = 0
  #acknowledged = 0
  #reigns = 0
  #faults = 0
  #failed = 0
  #firstFailure = ''
  #undecided: { times: number; readonly law: string; readonly why: string } | null = null
  readonly #exercised = new Map<string, { times: number; required: boolean }>()

  constructor(options: CampaignOptions<O>) {
    this.#options = options
    this.peers = options.peers ?? PEERS
  }

  get tally(): ClusterTally {
    return {
      runs: this.#runs,
      idle: this.#idle,
      acknowledged: this.#acknowledged,
      reigns: this.#reigns,
      faults: this.#faults,
      seconds: (nowMs() - this.#startMs) / 1_000,
      exercised: Object.fromEntries([...this.#exercised].map(([law, { times }]) => [law, times])),
    }
  }

  /** Cases that are known: each must hold now. */
  async replayAll(cases: readonly (KeptCase & { readonly file?: string })[]): Promise<void> {
    for (const one of cases) {
      const options = { ...this.#options, peers: one.peers }
      const result = await runCase(options, one)
      this.#note(result)
      const origin = one.file === undefined ? 'The schedule' : `The kept schedule ${one.file}`
      if (result.broken === null) {
        this.#judgeReplay(one, result, origin)
        continue
      }
      throw await failureOf(options, one, result, { finding: 1, shrinking: 0 }, { origin })
    }
  }

  /** Where no fault was needed, none has to fire. */
  #judgeReplay({ schedule }: KeptCase, { idle }: CaseResult, origin: string): void {
    this.#judgeUndecided()
    if (idle === null || (idle === 'no fault hit anybody' && schedule.length === 0)) return
    throw new TestMisuse(
      `${origin} shows nothing any more: ${idle}. Give it other times or triggers, or remove it.${this.#failures()}`,
    )
  }

  async draw(replay: { readonly seed: number; readonly path: string } | undefined): Promise<void> {
    const { runs = 100, seed = 1, limitMs = Infinity } = this.#options
    const hunt = new Hunt(this.#options)
    const untilMs = this.#startMs + limitMs
    let wrongTest: { readonly error: unknown } | null = null
    const property = fc.asyncProperty(runArbitrary(this.#options), async (one) => {
      if (hunt.failed !== null) return hunt.again(one)
      if (wrongTest !== null || nowMs() > untilMs) return
      const result = await runCase(this.#options, one).catch((error: unknown) => {
        wrongTest = { error }
        throw error
      })
      if (result.broken !== null) hunt.start(one, result, this.#runs + this.#idle + 1)
      else fc.pre(this.#note(result))
    })
    const details = await fc.check(property, {
      numRuns: replay === undefined ? runs : 1,
      seed: replay?.seed ?? seed,
      ...(replay === undefined ? {} : { path: replay.path }),
      maxSkipsPerRun: 10,
    })
    const wrong = wrongTest as { readonly error: unknown } | null
    if (wrong !== null) throw wrong.error
    if (hunt.failed !== null) {
      const again = { seed: details.seed, path: details.counterexamplePath ?? '' }
      const { found, result, runs: spent } = await hunt.finish(details.counterexample?.[0])
      throw await failureOf(this.#options, found, result, spent, { again })
    }
    this.#judge(details.failed ? runs : 0)
  }

  /** False when the run showed nothing. */
  #note(result: CaseResult): boolean {
    for (const { law, times, required } of result.exercised) {
      const known = this.#exercised.get(law)
      this.#exercised.set(law, { times: (known?.times ?? 0) + times, required })
    }
    if (result.failed.times > 0 && this.#failed === 0) this.#firstFailure = result.failed.text
    this.#failed += result.failed.times
    for (const { law, why } of result.undecided) {
      this.#undecided ??= { times: 0, law, why }
      if (this.#undecided.law === law) this.#undecided.times += 1
    }
    if (result.idle !== null) {
      this.#idle += 1
      return false
    }
    this.#runs += 1
    this.#acknowledged += result.acknowledged
    this.#reigns += result.reigns
    this.#faults += result.fired.length
    return true
  }

  /** A campaign that could not have failed is no pass. `wanted`: so many runs were to count, and did not. */
  #judge(wanted: number): void {
    if (this.#runs === 0 && this.#idle === 0)
      throw new TestMisuse('The time limit was over before the first run: give more `limitMs`.')
    if (this.#runs < Math.max(1, wanted))
      throw new TestMisuse(
        `${this.#runs === 0 ? 'None' : `Only ${this.#runs}`} of ${this.#idle + this.#runs} runs counted: in the others either no fault hit anybody or no command was acknowledged. Give the workload commands that are accepted, and schedules kinds that do something.${this.#failures()}`,
      )
    this.#judgeUndecided()
    const idle = [...this.#exercised].filter(([, { times, required }]) => required && times === 0)
    if (idle.length > 0)
      throw new TestMisuse(
        `${idle.map(([law]) => `'${law}'`).join(' and ')} was never exercised in ${this.#runs} runs: nothing happened that could have broken it, so this is no pass.${this.#failures()}`,
      )
  }

  #judgeUndecided(): void {
    if (this.#undecided === null) return
    const { law, times, why } = this.#undecided
    throw new TestMisuse(
      `'${law}' was undecided in ${times} of ${this.#idle + this.#runs} runs, so this is no pass. ${why}`,
    )
  }

  /** Commands that throw are refused and change nothing: the usual reason why nothing happens. */
  #failures(): string {
    return this.#failed === 0 ? '' : ` ${this.#failed} commands threw; the first said: ${this.#firstFailure}`
  }
}
