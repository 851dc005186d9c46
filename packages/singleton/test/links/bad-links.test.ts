import { describe, expect, it } from 'vitest'
import { Office } from './office.js'

const CUTS = ['both ways', 'there', 'back'] as const

function cut(office: Office, a: string, b: string, how: (typeof CUTS)[number]): () => void {
  const { world } = office.cluster
  const undos: (() => void)[] = []
  if (how !== 'back') undos.push(world.cut(a, b))
  if (how !== 'there') undos.push(world.cut(b, a))
  return () => undos.forEach((undo) => undo())
}

/** All that is promised about one bad link, while it lasts and afterwards. */
function oneBadLink(office: Office, a: string, b: string, how: (typeof CUTS)[number], forMs: number): void {
  const { cluster } = office
  const said = `${a}-${b} cut ${how}`
  const view = office.view()
  const reigns = cluster.reigns.length
  const heal = cut(office, a, b, how)
  office.run(4_500)
  for (const [here, there] of [
    [a, b],
    [b, a],
  ] as const) {
    const [own, ...rest] = office.troubles(here).filter((text) => text.startsWith(here))
    expect(own, said).toMatch(new RegExp(`^${here}-${there} bad via `))
    expect(rest, said).toEqual([])
  }
  for (let leftMs = forMs; leftMs > 0; leftMs -= 10_000) {
    const used = [office.useFrom(a), office.useFrom(b)]
    office.run(Math.min(10_000, leftMs))
    for (const one of used) expect(one, said).toEqual({ call: 'refused', read: 'ok' })
    expect(office.view(), said).toBe(view)
  }
  heal()
  office.run(6_000)
  expect(
    [a, b].flatMap((name) => office.troubles(name)),
    said,
  ).toEqual([])
  expect(cluster.reigns.length - reigns, said).toBeLessThanOrEqual(1)
  expect(office.view(), said).toBe(view)
}

describe('one link that is bad', () => {
  it.each(CUTS)('of 5 peers, each pair in turn, cut %s: told, gone round, nobody removed', (how) => {
    const office = new Office({ seed: 4, peers: 5 })
    const { names } = office.cluster
    for (const [i, a] of names.entries()) {
      for (const b of names.slice(i + 1)) oneBadLink(office, a, b, how, 2_000)
    }
    office.close()
  })

  it.each(CUTS)('of 3 peers, server and voter, cut %s for two minutes', (how) => {
    const office = new Office({ seed: 5, peers: 3 })
    const server = office.cluster.server() ?? ''
    const other = office.cluster.names.find((name) => name !== server) ?? ''
    oneBadLink(office, server, other, how, 120_000)
    expect(office.cluster.reigns.length).toBe(1)
    const third = office.cluster.names.find((name) => name !== server && name !== other) ?? ''
    expect(office.core(third).metrics().relayed).toMatchObject({ refused: 0 })
    expect(office.core(third).metrics().relayed.frames).toBeGreaterThan(1_000)
    office.close()
  })
})
