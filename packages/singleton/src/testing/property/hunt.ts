import type { Schedule } from '@tanist/core/testing'
import { nowMs } from './files.js'
import type { CampaignOptions, RunCase } from './options.js'
import { runCase } from './run-case.js'
import type { CaseResult } from './run-case.js'
import { dropFaults } from './shrink.js'

/** A failure that was found, and the search for a smaller one that breaks the same law. */
export class Hunt<O> {
  failed: { readonly law: string } | null = null
  readonly #options: CampaignOptions<O>
  readonly #known = new Map<string, CaseResult>()
  #finding = 0
  #shrinking = 0
  #untilMs = Infinity
  #first: RunCase | null = null

  constructor(options: CampaignOptions<O>) {
    this.#options = options
  }

  start(one: RunCase, result: CaseResult, after: number): void {
    this.failed = { law: result.broken?.law ?? '' }
    this.#first = one
    this.#finding = after
    this.#untilMs = nowMs() + (this.#options.shrink?.limitMs ?? 20_000)
    this.#known.set(keyOf(one), result)
    this.#throw(result)
  }

  /** For fast-check, which looks for a smaller one: throws when this one fails alike. */
  async again(one: RunCase): Promise<void> {
    // The rest of the budget is for the pass that drops faults.
    if (this.#spent(0.8)) return
    if (await this.#fails(one)) this.#throw(this.#known.get(keyOf(one)))
  }

  async finish(
    smallest: RunCase | undefined,
  ): Promise<{ found: RunCase; result: CaseResult; runs: { finding: number; shrinking: number } }> {
    const from = smallest ?? this.#first
    if (from === null) throw new Error('There is no failure to make smaller.')
    const { seed } = from
    const fails = (fewer: Schedule): Promise<boolean> => this.#fails({ seed, schedule: fewer })
    const schedule = await dropFaults(from.schedule, fails, { spent: () => this.#spent(1) })
    const found = { seed, schedule }
    const result = this.#known.get(keyOf(found)) ?? (await runCase(this.#options, found))
    return { found, result, runs: { finding: this.#finding, shrinking: this.#shrinking } }
  }

  async #fails(one: RunCase): Promise<boolean> {
    const key = keyOf(one)
    let result = this.#known.get(key)
    if (result === undefined) {
      this.#shrinking += 1
      // What a run holds on to is large: kept is what the report needs.
      result = { ...(await runCase(this.#options, one)), run: null }
      this.#known.set(key, result)
    }
    return result.broken?.law === this.failed?.law
  }

  #spent(share: number): boolean {
    const { runs = 100 } = this.#options.shrink ?? {}
    return this.#shrinking >= runs * share || nowMs() >= this.#untilMs
  }

  #throw(result: CaseResult | undefined): never {
    throw new Error(result?.broken?.text ?? 'a law is broken')
  }
}

const keyOf = ({ seed, schedule }: RunCase): string => JSON.stringify([seed, schedule])
