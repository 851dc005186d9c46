import { describe, expect, it } from 'vitest'
import type { Cluster } from '../../src/testing/index.js'
import { Stubborn } from './stubborn.js'
import { Hall } from './raw.js'

type End = 'leave' | 'stop'

function goes(cluster: Cluster, end: End, name: string): { done: boolean } {
  const went = { done: false }
  cluster[end](name, () => (went.done = true))
  return went
}

describe('a member that goes', () => {
  it.each([
    ['leaves', 'leave', 'server'],
    ['leaves', 'leave', 'follower'],
    ['stops', 'stop', 'server'],
    ['stops', 'stop', 'follower'],
  ] as const)(
    'that %s (%s, the %s) sends its clients elsewhere, and no call of theirs fails',
    (_, end, who) => {
      const hall = new Hall({ peers: 4 })
      const at = who === 'server' ? hall.server : hall.followers[0]
      const clients = Array.from({ length: 5 }, (_one, i) => new Stubborn(hall, `c${i}`, at))
      hall.run(500)
      const went = goes(hall.cluster, end, at)
      hall.until(() => went.done)
      const inMs = hall.world.nowMs
      hall.run(1_000)
      for (const client of clients) client.stop()
      hall.until(() => clients.every((client) => client.pending === 0))
      for (const client of clients) {
        expect(client.failed).toEqual([])
        expect(client.redirects).toMatchObject([{ code: 'leaving' }])
        expect(client.redirects[0]?.to).not.toContain(`${at}:1`)
        // Each of its commands once, and in its own order.
        const own = hall.state(hall.server).notes.filter((note) => note.startsWith(`${client.name}/`))
        expect(own).toEqual(Array.from({ length: client.answered }, (_one, i) => `${client.name}/${i + 1}`))
        expect(client.answered).toBeGreaterThan(20)
      }
      expect(inMs).toBeGreaterThan(0)
      // Not all of them went to one member.
      expect(new Set(clients.map((client) => client.redirects[0]?.to[0])).size).toBeGreaterThan(1)
    },
  )

  it('a client that is told nothing new comes while it goes is told where to go', () => {
    const hall = new Hall({ peers: 3 })
    const [at] = hall.followers
    const busy = new Stubborn(hall, 'busy', at)
    hall.run(200)
    goes(hall.cluster, 'leave', at)
    const late = hall.dial('stray', { to: at, from: 'late' })
    hall.until(() => late.end !== null)
    // Either it was still there to say so, or its machine said that nobody listens any more.
    if (late.inbox.length > 0)
      expect(late.inbox).toMatchObject([
        { t: 'redirect', code: 'leaving' },
        { t: 'refused', code: 'stopping' },
      ])
    busy.stop()
  })
})
