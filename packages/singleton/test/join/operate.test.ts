import { filter, firstValueFrom } from 'rxjs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { JoinOptions, Peer, PeerStatus } from '../../src/index.js'
import { counter, Office } from './office.js'

let office: Office
beforeEach(() => {
  office = new Office()
})
afterEach(() => office.close())

const voters = (status: PeerStatus): number => status.members.filter((member) => member.voter).length
const until = (peer: Peer, holds: (status: PeerStatus) => boolean): Promise<PeerStatus> =>
  firstValueFrom(peer.status$.pipe(filter(holds)))

describe('an operator', () => {
  it('demotes and evicts by any member, and the evicted comes back only with rejoin', async () => {
    const [ann, bob, cy] = (await office.startAll('ann', 'bob', 'cy')) as [Peer, Peer, Peer]
    await until(ann, (status) => voters(status) === 3)

    expect(await cy.operate.demote(bob.id)).toEqual({ status: 'done', text: expect.stringContaining('bob') })
    const { members } = await until(cy, (status) => status.members.some(({ demoted }) => demoted))
    expect(members.find(({ id }) => id === bob.id)).toMatchObject({ demoted: true, voter: false })
    expect(await bob.role(counter).add({ by: 1 }).value()).toBe(1)

    expect((await ann.operate.demote('nobody')).status).toBe('refused')
    expect((await ann.operate.evict(bob.id)).status).toBe('done')
    const end = await bob.stopped
    expect(end).toMatchObject({ name: 'JoinError', code: 'evicted' })
    expect(end?.message).toContain('rejoin: true')

    const seeds = [ann.address]
    await expect(office.start({ name: 'bob', seeds })).rejects.toMatchObject({ code: 'evicted' })
    const again = await office.start({ name: 'bob', seeds, rejoin: true })
    await again.joined
    expect(again.id).toBe(bob.id)
    await until(ann, (status) => voters(status) === 3)
    expect(await again.role(counter).add({ by: 1 }).value()).toBe(2)
  })

  it('sees round trips, as the others measured them', async () => {
    const [ann, bob] = (await office.startAll('ann', 'bob')) as [Peer, Peer]
    const limit = Date.now() + 8_000
    while (!(bob.id in ann.status().roundTripsMs) && Date.now() < limit)
      await new Promise((resolve) => setTimeout(resolve, 50))
    expect(ann.status().roundTripsMs[bob.id]).toBeGreaterThanOrEqual(0)
  })
})

describe('the options of ranking', () => {
  const wrong: readonly (readonly [Partial<JoinOptions>, RegExp])[] = [
    [
      { ranking: 'age' as 'seniority' },
      /option ranking is "age"; allowed is 'seniority', 'latency', 'weight' or/,
    ],
    [{ weight: Number.NaN }, /option weight .* a number from -1000000 to 1000000/],
    [{ weight: 1e9 }, /option weight/],
    [{ serve: 'sometimes' as 'never' }, /option serve is "sometimes"; allowed is 'never'/],
    [{ evidence: 'hearsay' as 'strict' }, /option evidence is "hearsay"; allowed is 'normal' or 'strict'/],
    [{ rejoin: 1 as unknown as boolean }, /option rejoin is 1; allowed is true or false/],
    [
      { manifest: { at: new Date() } as unknown as string },
      /option manifest .* plain JSON of at most 4096 bytes/,
    ],
    [{ manifest: 'x'.repeat(5_000) }, /option manifest has 5002 bytes/],
    [{ timing: { homeAfterMs: -1 } }, /option timing.homeAfterMs/],
  ]

  it.each(wrong)('%j is refused with a sentence', async (options, sentence) => {
    await expect(office.start({ name: 'ann', ...options })).rejects.toMatchObject({
      code: 'option',
      message: expect.stringMatching(sentence),
    })
  })

  it('a manifest that refers to itself is refused', async () => {
    const manifest: Record<string, unknown> = {}
    manifest['self'] = manifest
    await expect(
      office.start({ name: 'ann', manifest: manifest as unknown as string }),
    ).rejects.toMatchObject({
      message: expect.stringContaining('cannot be written as JSON'),
    })
  })

  it('an own function ranks by the manifests that peers announce', async () => {
    const options: Partial<JoinOptions> = {
      ranking: (members) =>
        members.toSorted((a, b) => Number(b.manifest ?? 0) - Number(a.manifest ?? 0)).map(({ id }) => id),
    }
    const peers: Peer[] = []
    for (const [name, manifest] of [
      ['ann', 9],
      ['bob', 1],
      ['cy', 5],
    ] as const) {
      const peer = await office.start({ name, manifest, ...options })
      await peer.joined
      peers.push(peer)
    }
    const { successors } = await until(
      peers[0]!,
      (status) => status.successors.length === 2 && status.successors[0]?.name === 'cy',
    )
    expect(successors.map(({ name }) => name)).toEqual(['cy', 'bob'])
  })
})
