import { describe, expect, it } from 'vitest'
import { Board } from './office.js'

async function open(seed: number, peers = 3, poison?: (node: string) => boolean): Promise<Board> {
  const board = new Board({ seed, peers, world: { trace: true } }, poison)
  expect(await board.until(() => board.cluster.settled && board.cluster.seated)).toBe(true)
  return board
}

describe('a singleton', () => {
  it('runs on the server and nowhere else, and moves with the role', async () => {
    const board = await open(1)
    const { cluster } = board
    const first = cluster.server()!
    expect(board.runsOn).toEqual([first])
    cluster.peer(first)!.transfer(null, () => {})
    expect(await board.until(() => cluster.server() !== first && cluster.server() !== null)).toBe(true)
    expect(board.runsOn).toEqual([cluster.server()])
    expect(board.stays.map(({ untilMs }) => untilMs !== null)).toEqual([true, false])
    expect(board.stays[1]!.reign.token.term).toBeGreaterThan(board.stays[0]!.reign.token.term)
    await board.run(100)
    for (const name of cluster.names)
      expect(board.status(name)).toMatchObject({ state: 'running', text: null })
  })

  it('is handed over when its restart limit is reached, and is given up when it fails alike there', async () => {
    const board = await open(2)
    const { cluster } = board
    const first = cluster.server()!
    for (let i = 0; i < 3; i++) board.ask(first, 'fail')
    expect(await board.until(() => cluster.server() !== first && cluster.server() !== null)).toBe(true)
    const second = cluster.server()!
    expect(board.runsOn).toEqual([second])
    for (let i = 0; i < 3; i++) board.ask(second, 'fail')
    await board.run(3_000)
    expect(cluster.server()).toBe(second)
    expect(board.runsOn).toEqual([])
    for (const name of cluster.names) expect(board.status(name)).toMatchObject({ state: 'given-up' })
  })
})
