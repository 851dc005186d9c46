import type { PeerStatus } from '@tanist/singleton'
import { unavailable } from './answer.js'
import type { Answer } from './answer.js'
import { ANSWER_MS } from './limits.js'

/** Marks a request that another member passed on, so that it is not passed on again. */
export const PASSED_ON = 'x-tanist-passed-on'

/** Where a request can go instead of here: the server first, then who is in reach, then everyone else. */
export function others({ self, server, members }: PeerStatus): string[] {
  const rank = (id: string, reachable: boolean): number => (id === server?.id ? 0 : reachable ? 1 : 2)
  return members
    .filter(({ id }) => id !== self.id)
    .toSorted((a, b) => rank(a.id, a.reachable) - rank(b.id, b.reachable))
    .map(({ address }) => address)
}

/** Asks another member in the caller's place. The next is tried only while nobody can have got the request. */
export async function passOn(
  addresses: readonly string[],
  method: string,
  url: string,
  body: unknown,
): Promise<Answer> {
  const since = Date.now()
  for (const address of addresses) {
    try {
      const response = await fetch(`http://${address}${url}`, {
        method,
        headers: { [PASSED_ON]: '1', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(ANSWER_MS),
      })
      return { status: response.status, body: await response.json() }
    } catch (error) {
      if (!neverConnected(error)) {
        return unavailable(`The member at ${address} did not answer.`, since, 'unknown')
      }
    }
  }
  return unavailable('This peer is stopping, and no other member can be reached.', since)
}

function neverConnected(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED'
}
