import {
  REACTION_ATTEMPTS,
  REACTION_BACKOFF_MS,
  REACTION_MAX_BACKOFF_MS,
  REACTION_TIMEOUT_MS,
} from './limits.js'
import type { PendingReaction } from '../host-contract.js'
import type { AnyReaction } from '../reaction.js'
import type { AnyRole } from '../types.js'
import type { AttemptLimits, Task } from './task.js'

export type RunFunction = (event: unknown, ctx: unknown) => void | Promise<void>

/** What runs for an event in this build. */
export interface Plan {
  readonly run: RunFunction
  readonly lane: ((event: unknown) => unknown) | undefined
  readonly limits: AttemptLimits
}

/** By role and event. */
export type Plans = ReadonlyMap<string, ReadonlyMap<string, Plan>>

export function plansOf(roles: readonly AnyRole[]): Plans {
  return new Map(
    roles.flatMap(({ name, reactions }) => {
      if (reactions === undefined) return []
      const given = Object.entries(reactions).filter(([, reaction]) => reaction !== undefined)
      return [[name, new Map(given.map(([event, reaction]) => [event, planOf(reaction)]))] as const]
    }),
  )
}

function planOf(reaction: AnyReaction): Plan {
  const options: Exclude<AnyReaction, (event: never, ctx: never) => unknown> =
    typeof reaction === 'function' ? { run: reaction } : reaction
  const { attempts, timeoutMs, backoffMs, maxBackoffMs } = options
  return {
    // Its types were checked by `role(...)`, and the events are those of the role.
    run: options.run as RunFunction,
    lane: options.lane as ((event: unknown) => unknown) | undefined,
    limits: {
      attempts: attempts ?? REACTION_ATTEMPTS,
      timeoutMs: timeoutMs ?? REACTION_TIMEOUT_MS,
      backoffMs: backoffMs ?? REACTION_BACKOFF_MS,
      maxBackoffMs: maxBackoffMs ?? REACTION_MAX_BACKOFF_MS,
    },
  }
}

export function planFor(plans: Plans, { role, type, unreadable }: PendingReaction): Plan | undefined {
  return unreadable === undefined ? plans.get(role)?.get(type) : undefined
}

/** What the machine that has it run needs to know. */
export function taskOf(plans: Plans, reaction: PendingReaction): Task {
  const { role, key, index, n, type, payload } = reaction
  const plan = planFor(plans, reaction)
  return { role, key, index, n, type, lane: laneOf(plan, payload), limits: plan?.limits ?? null }
}

/** Events that name no lane have one that nobody can name. */
function laneOf(plan: Plan | undefined, payload: unknown): string {
  if (plan?.lane === undefined) return ''
  try {
    return `:${String(plan.lane(payload))}`
  } catch {
    // The run says why: it asks again.
    return ''
  }
}
