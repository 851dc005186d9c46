import { describe, expect, it } from 'vitest'
import { labels } from '../../src/testing/index.js'
import { Board } from './office.js'

async function open(seed: number, peers = 3, poison?: (node: string) => boolean): Promise<Board> {
  const board = new Board({ seed, peers, world: { trace: true, label: labels() } }, poison)
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

  it('makes one hand-over and no more when it can run nowhere, and is known as given up by all, also by later servers', async () => {
    let broken = false
    const board = await open(3, 5, () => broken)
    const { cluster } = board
    const begun = cluster.reigns.length
    broken = true
    board.ask(cluster.names[0]!)
    await board.run(10_000)
    expect(cluster.reigns.length).toBe(begun + 1)
    const [first, second] = cluster.reigns.slice(begun - 1).map(({ node }) => node) as [string, string]
    const text = `It reached its restart limit on ${second} (it could not be started: Error: no printer on ${second}).`
    for (const name of cluster.names)
      expect(board.status(name)).toMatchObject({ state: 'given-up', text: expect.stringContaining(text) })
    expect(cluster.log.filter((line) => line.includes('error singleton-given-up')).length).toBe(1)

    cluster.world.crash(second)
    expect(await board.until(() => cluster.server() !== second && cluster.server() !== null)).toBe(true)
    cluster.start(second)
    expect(await board.until(() => cluster.settled)).toBe(true)
    await board.run(1_000)
    expect(board.runsOn).toEqual([])
    for (const name of cluster.names) expect(board.status(name)?.state, name).toBe('given-up')

    broken = false
    let outcome = ''
    cluster.peer(second)!.restartSingleton('board', ({ status }) => (outcome = status))
    expect(await board.until(() => outcome !== '')).toBe(true)
    expect(outcome).toBe('done')
    const asked = board.ask(first)!
    await board.run(500)
    expect(asked.outcome).toBe('ok 1')
  })

  it('of a frozen server is overtaken; when that wakes up it knows at once that its reign is over', async () => {
    const board = await open(4)
    const { cluster } = board
    const first = cluster.server()!
    const [stay] = board.stays
    expect(stay!.reign.holds()).toBe(true)
    const other = cluster.names.find((name) => name !== first)!
    const wake = cluster.world.pause(first)
    const lost = board.ask(other)!
    expect(await board.until(() => cluster.server() !== first && cluster.server() !== null)).toBe(true)
    await board.run(200)
    // It was sent to the frozen one, who may still handle it: nobody sends it again.
    expect(lost).toMatchObject({ code: 'lost', endMs: expect.any(Number) })
    expect(board.runsOn).toEqual([cluster.server()])
    wake()
    expect(stay!.reign.holds()).toBe(false)
    await board.run(500)
    expect(stay!.reign.signal.aborted).toBe(true)
    expect(stay!.untilMs).not.toBeNull()
    expect(board.stays.every(({ beside }) => beside.length === 0)).toBe(true)
  })

  it('that does not end holds a hand-over up for 1.5 s, and is not started here again before it has ended', async () => {
    const board = await open(5)
    const { cluster } = board
    const first = cluster.server()!
    const stuck = board.ask(first, 'stuck', 60_000)!
    await board.run(10)
    const { nowMs } = cluster.world
    cluster.peer(first)!.transfer(null, () => {})
    expect(await board.until(() => cluster.server() !== first && cluster.server() !== null)).toBe(true)
    expect(cluster.world.nowMs - nowMs).toBeGreaterThanOrEqual(1_500)
    expect(stuck.code, 'its caller does not wait').toBe('lost')
    expect(
      cluster.log.some((line) => line.includes("singleton-overdue: The singleton 'board' did not end")),
    ).toBe(true)
    const second = cluster.server()!
    cluster.peer(second)!.transfer(cluster.peer(first)!.status().self.id, () => {})
    expect(await board.until(() => cluster.server() === first)).toBe(true)
    await board.run(500)
    expect(board.runsOn).toEqual([])
    expect(board.status(second)).toMatchObject({ state: 'starting', text: `${first} is starting it.` })
    for (const end of board.stuck) end()
    await board.run(100)
    expect(board.runsOn).toEqual([first])
    expect(board.stays[0]!.untilMs).toBeLessThanOrEqual(board.stays.at(-1)!.fromMs)
  })

  it('costs nothing while nothing happens: no word and no change of the status', async () => {
    const board = await open(6)
    const { cluster } = board
    await board.run(5_000)
    let told = 0
    for (const name of cluster.names)
      cluster.peer(name)!.observe((event) => void (told += event.kind === 'status' ? 1 : 0))
    const { messages } = cluster.world.recording
    await board.run(5_000)
    expect(told).toBe(0)
    const later = cluster.world.recording.messages.slice(messages.length)
    expect(later.length).toBeGreaterThan(100)
    expect(later.filter(({ what }) => what.includes('singletons'))).toEqual([])
  })
})
