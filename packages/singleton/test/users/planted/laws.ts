import { law } from '../../../src/testing/index.js'
import type { History, Law, Service, ServiceCall } from '../../../src/testing/index.js'

/** The state of a role in the replica that has got furthest; null when nobody runs. */
export function lastState<S>(
  history: History,
  role: { readonly name: string; readonly state: () => S },
): S | null {
  const [furthest] = history.finals.toSorted((a, b) => b.applied - a.applied)
  return (furthest?.states[role.name] as S | undefined) ?? null
}

/**
 * A server that was cut off or stood still does not know yet that another was elected. So a few of its calls may
 * still come, and the outside system tells them by their token; but they must come to an end.
 */
const MOST_LATE_CALLS = 5

export function byTheServerAlone<Q>(service: Service<Q, unknown>): Law {
  const id = `${service.name}: by the server alone`
  return law(id, `Only the server of the moment goes on calling the ${service.name}.`, () => {
    const late = new Map<string, number>()
    let newest: ServiceCall<Q, unknown> | null = null
    for (const call of service.calls) {
      const term = call.token?.term ?? 0
      const reigns = newest?.token?.term ?? 0
      if (newest === null || term >= reigns) {
        newest = call
        continue
      }
      const key = `${call.node} in term ${term}`
      late.set(key, (late.get(key) ?? 0) + 1)
      if ((late.get(key) ?? 0) > MOST_LATE_CALLS) {
        const text = `${key} goes on calling, although ${newest.node} serves in term ${reigns}`
        return [{ law: id, text, events: [service.event(newest), service.event(call)] }]
      }
    }
    return null
  })
}
