import { applySchedule } from '@tanist/core/testing'
import type { Schedule } from '@tanist/core/testing'
import { expect } from 'vitest'
import { Board } from './office.js'
import type { Asked, Stay } from './office.js'

export interface Case {
  readonly seed: number
  readonly peers: number
  readonly schedule: Schedule
}

const FORM_MS = 30_000
const WORK_MS = 6_000
const HEAL_MS = 30_000
const ASK_MS = 1_500
const EVERY_MS = 40

/** One run: everyone asks while the schedule breaks things; then all is healed. Returns what contradicts the laws. */
export async function contradictions({ seed, peers, schedule }: Case): Promise<string[]> {
  const board = new Board({ seed, peers })
  const { cluster } = board
  const { world } = cluster
  expect(await board.until(() => cluster.settled && cluster.seated, FORM_MS)).toBe(true)
  const until = world.nowMs + WORK_MS
  const next = (): void => {
    for (const name of cluster.names) board.ask(name, 'write', ASK_MS)
    if (world.nowMs < until) world.schedule(world.nowMs + EVERY_MS, next)
  }
  next()
  const serving = (): ReturnType<typeof cluster.peer> => {
    const server = cluster.server()
    return server === null ? null : cluster.peer(server)
  }
  applySchedule(world, schedule, (target) => cluster.resolve(target), {
    acts: {
      'hand-over': () => serving()?.transfer(null, () => {}),
      fail: (node) => [1, 2, 3].forEach(() => board.ask(node, 'fail', ASK_MS)),
    },
  })
  await board.run(WORK_MS)
  world.healAll()
  for (const name of cluster.names) if (world.state(name) === 'stopped') cluster.start(name)
  const healed = await board.until(() => cluster.settled, HEAL_MS)
  await board.run(3_000)
  const wrong = [...atMostOne(board.stays), ...answers(board), ...order(board.stays)]
  if (!healed) wrong.push('the cluster did not heal')
  wrong.push(...(await afterwards(board)))
  return wrong
}

function atMostOne(stays: readonly Stay[]): string[] {
  const wrong: string[] = []
  for (const [i, stay] of stays.entries()) {
    const { node, life, reign, fromMs, beside } = stay
    if (beside.length > 0) wrong.push(`it began on ${node} beside ${beside.join()}`)
    for (const before of stays.slice(0, i)) {
      const { term, index } = before.reign.token
      const newer = reign.token.term > term || (reign.token.term === term && reign.token.index >= index)
      if (!newer)
        wrong.push(
          `${node} began with the token ${reign.token.term}.${reign.token.index} after ${term}.${index}`,
        )
      const ended = before.node !== node || before.life !== life || (before.untilMs ?? Infinity) <= fromMs
      if (!ended) wrong.push(`it began again on ${node} before it had ended there`)
    }
  }
  return wrong
}

function answers({ asked, cluster, stays }: Board): string[] {
  const handled = new Map<string, number>()
  for (const text of stays.flatMap((stay) => stay.handled)) handled.set(text, (handled.get(text) ?? 0) + 1)
  const wrong: string[] = []
  for (const one of asked) {
    const times = handled.get(one.text) ?? 0
    const lives = one.life === cluster.world.life(one.caller)
    if (one.endMs === null && lives) wrong.push(`${one.text} never ended`)
    if (times > 1) wrong.push(`${one.text} was handled ${times} times`)
    if (one.outcome.startsWith('ok') && times !== 1) wrong.push(`${one.text} was answered and not handled`)
    if (isRefusal(one) && times > 0) wrong.push(`${one.text} was handled: ${one.outcome}`)
  }
  return wrong
}

/** It says that the message went nowhere. */
function isRefusal({ code, outcome }: Asked): boolean {
  return code === 'full' || code === 'stopped' || outcome.includes('it ran nowhere')
}

function order(stays: readonly Stay[]): string[] {
  const last = new Map<string, number>()
  const wrong: string[] = []
  for (const text of stays.flatMap((stay) => stay.handled)) {
    const [caller = '', n = '0'] = text.split(' ')
    if (Number(n) <= (last.get(caller) ?? 0)) wrong.push(`${text} was handled after ${last.get(caller)}`)
    last.set(caller, Number(n))
  }
  return wrong
}

/** Everything is well again: it runs on the server, or says why not; and an operator brings it back. */
async function afterwards(board: Board): Promise<string[]> {
  const { cluster } = board
  const server = cluster.server() ?? ''
  const state = board.status(server)?.state
  const wrong: string[] = []
  for (const name of cluster.names)
    if (board.status(name)?.state !== state)
      wrong.push(`${name} says ${board.status(name)?.state}, ${server} ${state}`)
  if (state !== 'running' && state !== 'given-up' && state !== 'stopped')
    wrong.push(`it is ${state} after healing`)
  if (state === 'running' && board.runsOn.join() !== server)
    wrong.push(`it runs on ${board.runsOn.join()}, not on ${server}`)
  if (state !== 'running' && board.runsOn.length > 0)
    wrong.push(`it is ${state} and runs on ${board.runsOn.join()}`)
  let restarted = ''
  const first = cluster.names[0] ?? ''
  cluster.peer(first)?.singletons.restart('board', ({ status, text }) => (restarted = `${status} ${text}`))
  await board.until(() => restarted !== '', 3_000)
  if (!restarted.startsWith('done')) wrong.push(`it is not restarted: ${restarted}`)
  // Everyone hears of it.
  await board.run(1_000)
  const last = cluster.names.map((name) => board.ask(name, 'write', 3_000))
  await board.run(3_500)
  for (const one of last)
    if (!one?.outcome.startsWith('ok')) wrong.push(`at last ${one?.caller}: ${one?.outcome}`)
  return wrong
}
