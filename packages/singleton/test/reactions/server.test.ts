import { toEncoded } from '@tanist/core'
import type { Outcome } from '../../src/index.js'
import { persist, role } from '../../src/index.js'
import type { AnyRole, ReactionCtx } from '../../src/index.js'
import type { OperateOutcome } from '../../src/index.js'
import { Cluster } from '../../src/testing/index.js'
import type { ClusterOptions } from '../../src/testing/index.js'
import { afterEach, expect, it } from 'vitest'

/** What reactions of the test role do now. */
let react: (id: string, ctx: ReactionCtx<NoteCommands>, node: string) => void | Promise<void> = () => {}
let failed = 0
let yields: () => void | Promise<void> = () => {}

afterEach(() => {
  react = () => {}
  yields = () => {}
})

type State = { readonly notes: readonly string[]; readonly holds: readonly { id: string; until: number }[] }
interface NoteCommands {
  note: (s: State, c: { id: string }) => unknown
}

const stray = role('stray', { state: () => 0, events: {}, commands: {} })

function notes(node: string, { reacts = true }: { readonly reacts?: boolean } = {}): AnyRole {
  const made = role('notes', {
    state: (): State => ({ notes: [], holds: [] }),
    events: {
      asked: (s) => s,
      noted: (s, e: { id: string }) => ({ ...s, notes: [...s.notes, e.id] }),
      held: (s, e: { id: string; until: number }) => ({ ...s, holds: [...s.holds, e] }),
    },
    commands: {
      ask: (_s, c: { id: string }, on) => persist(on.asked(c)),
      note: (s, c: { id: string }, on, ctx) =>
        persist(on.noted(c)).reply(() => `${ctx.caller.level} ${ctx.caller.role ?? ''} ${s.notes.length}`),
      hold: (_s, c: { id: string; until: number }, on) => persist(on.held(c)),
      fail: (): never => {
        failed += 1
        throw new Error('always')
      },
    },
    ...(reacts && {
      reactions: {
        asked: {
          attempts: 2,
          backoffMs: 20,
          lane: (e: { id: string }) => e.id,
          run: (e: { id: string }, ctx: unknown) => react(e.id, ctx as ReactionCtx<NoteCommands>, node),
        },
      },
    }),
    due: (s, run) => s.holds.map(({ until }) => run.fail(until)),
    onYield: () => yields(),
  })
  return made as unknown as AnyRole
}

async function office(options: Partial<ClusterOptions> = {}): Promise<Cluster> {
  const cluster = new Cluster({ seed: 1, peers: 3, roles: ({ node }) => [notes(node)], ...options })
  cluster.startAll()
  const formed = await until(cluster, () => cluster.settled && cluster.seated, 30_000)
  expect(formed).toBe(true)
  return cluster
}

async function until({ world }: Cluster, condition: () => boolean, limitMs = 10_000): Promise<boolean> {
  const endMs = world.nowMs + limitMs
  // oxlint-disable-next-line no-await-in-loop -- virtual time passes in this order
  while (!condition() && world.nowMs < endMs) await world.runAsync({ forMs: 20 })
  return condition()
}

const core = (cluster: Cluster, name = cluster.server() ?? '') => {
  const found = cluster.peer(name)
  if (!found) throw new Error(`nobody runs on '${name}'`)
  return found
}
const stateOf = (cluster: Cluster): State => core(cluster).roles.state('notes') as State
const listed = (cluster: Cluster) => core(cluster).sideEffects.reactions('notes')

async function call(cluster: Cluster, command: string, input: unknown): Promise<void> {
  let status = ''
  const request = { role: 'notes', command, input: toEncoded(input) }
  core(cluster).call(request, (outcome) => (status = outcome.status))
  expect(await until(cluster, () => status !== '')).toBe(true)
  expect(status).toBe('ok')
}

async function wish(cluster: Cluster, at: string, key: string, end: 'retry' | 'dropped'): Promise<OperateOutcome> {
  let outcome: OperateOutcome | null = null
  core(cluster, at).settleReactions('notes', key, end, (ended) => (outcome = ended))
  await until(cluster, () => outcome !== null, 15_000)
  return outcome ?? { status: 'unknown', text: 'no outcome' }
}

const followerOf = (cluster: Cluster): string =>
  cluster.names.find((name) => name !== cluster.server()) ?? ''

it('a call of a reaction comes from its role, takes no id of its own, and only of roles of the group', async () => {
  const said: string[] = []
  react = async (_id, ctx) => {
    const loose = ctx.own as unknown as { note: (c: unknown, o: unknown) => Promise<unknown> }
    const tell = (error: unknown): void => void said.push(String(error))
    try {
      void loose.note({ id: 'x' }, { id: 'mine:1', user: 'me' })
    } catch (error) {
      tell(error)
    }
    try {
      ctx.role(stray)
    } catch (error) {
      tell(error)
    }
    const out = (await ctx.own.note({ id: 'ok' }, { deadlineMs: 5_000 })) as Outcome<never>
    tell(out.status === 'ok' ? (out as { value: unknown }).value : out.status)
  }
  const cluster = await office()
  await call(cluster, 'ask', { id: 'a' })
  expect(await until(cluster, () => listed(cluster).length === 0)).toBe(true)
  expect(said).toEqual([
    'TypeError: notes.note: in a reaction a call has its id and its caller from the event; id and user cannot be given.',
    "TypeError: A reaction of 'notes' calls the role 'stray', which is not among those this peer joined with: notes.",
    'role notes 0',
  ])
  expect(stateOf(cluster).notes).toEqual(['ok'])
})

it('a call that a reaction does not wait for is made all the same, before the reaction is settled', async () => {
  react = (_id, ctx) => void ctx.own.note({ id: 'forgotten' })
  const cluster = await office()
  await call(cluster, 'ask', { id: 'a' })
  expect(await until(cluster, () => listed(cluster).length === 0)).toBe(true)
  expect(stateOf(cluster).notes).toEqual(['forgotten'])
})

it('a parked reaction is seen on every member; an operator retries or drops it from any of them', async () => {
  let works = false
  const attempts: number[] = []
  react = (_id, ctx) => {
    attempts.push(ctx.attempt)
    if (!works) throw new Error('out of paper')
  }
  const cluster = await office()
  await call(cluster, 'ask', { id: 'a' })
  await call(cluster, 'ask', { id: 'b' })
  const isParked = (name: string): boolean =>
    core(cluster, name).sideEffects.reactions('notes').filter(({ parked }) => parked !== null).length === 2
  expect(await until(cluster, () => cluster.names.every(isParked))).toBe(true)
  expect(attempts.toSorted()).toEqual([1, 1, 2, 2])
  const [first, second] = listed(cluster)
  expect(first).toMatchObject({
    event: 'asked',
    payload: { id: 'a' },
    attempts: 2,
    parked: 'Error: out of paper',
  })
  const follower = followerOf(cluster)
  expect(core(cluster, follower).status().roles).toEqual([
    {
      name: 'notes',
      pending: 0,
      parked: 2,
      due: null,
      failing: 'The role has 2 parked; the last one because: Error: out of paper',
    },
  ])
  works = true
  const key = first?.key ?? ''
  expect(await wish(cluster, follower, key, 'retry')).toEqual({
    status: 'done',
    text: `'notes': the reaction ${key} will run again.`,
  })
  expect(await until(cluster, () => listed(cluster).length === 1)).toBe(true)
  expect(attempts.slice(4)).toEqual([1])
  expect((await wish(cluster, follower, '9999.0', 'dropped')).text).toBe(
    "The role 'notes' has no reaction 9999.0 that is parked.",
  )
  expect((await wish(cluster, follower, 'all', 'dropped')).status).toBe('done')
  expect(listed(cluster)).toEqual([])
  expect(await wish(cluster, follower, second?.key ?? '', 'retry')).toMatchObject({ status: 'refused' })
  await cluster.world.runAsync({ forMs: 2_000 })
  expect(attempts).toHaveLength(5)
})

it('a hand-over waits for the reaction that runs, which is told; the next server runs it again with a newer token', async () => {
  const seen: string[] = []
  const tokens: number[] = []
  let aborted = ''
  react = async (_id, ctx, node) => {
    seen.push(`begins on ${node}`)
    tokens.push(ctx.token.term)
    if (tokens.length > 1) return
    await new Promise<void>((resolve) => {
      ctx.signal.addEventListener('abort', () => {
        aborted = String(ctx.signal.reason)
        // It needs a while to put away what it has begun.
        cluster.world.schedule(cluster.world.nowMs + 800, () => (seen.push(`ends on ${node}`), resolve()))
      })
    })
    throw new Error('put away')
  }
  const cluster = await office()
  const server = cluster.server() ?? ''
  await call(cluster, 'ask', { id: 'a' })
  expect(await until(cluster, () => tokens.length === 1)).toBe(true)
  let handedOver: boolean | null = null
  core(cluster).transfer(null, (ok) => (handedOver = ok))
  expect(await until(cluster, () => handedOver !== null)).toBe(true)
  expect(handedOver).toBe(true)
  expect(aborted).toBe('Error: This peer stopped serving.')
  expect(await until(cluster, () => cluster.server() !== null && listed(cluster).length === 0)).toBe(true)
  expect(seen).toEqual([`begins on ${server}`, `ends on ${server}`, `begins on ${cluster.server()}`])
  expect(tokens[1]).toBeGreaterThan(tokens[0] ?? Infinity)
})

it('a reaction or an onYield that does not end does not make the hand-over fail', async () => {
  react = () => new Promise(() => {})
  yields = () => new Promise(() => {})
  const cluster = await office({ world: { trace: true } })
  const server = cluster.server()
  await call(cluster, 'ask', { id: 'a' })
  let handedOver: boolean | null = null
  core(cluster).transfer(null, (ok) => (handedOver = ok))
  expect(await until(cluster, () => handedOver !== null)).toBe(true)
  expect(handedOver).toBe(true)
  expect(await until(cluster, () => cluster.server() !== null)).toBe(true)
  expect(cluster.server()).not.toBe(server)
  expect(cluster.log.filter((line) => line.includes('yield-overdue'))).toHaveLength(2)
})

it('a reaction whose handler the server does not have waits, visibly, for a server that has it', async () => {
  const seen: string[] = []
  react = (id, _ctx, node) => {
    seen.push(`${id} ${node}`)
    if (id === 'a') throw new Error('not yet')
  }
  const older = ({ node }: { readonly node: string }): AnyRole[] => [notes(node, { reacts: false })]
  const cluster = await office({ versions: { older } })
  const newer = cluster.server() ?? ''
  react = () => new Promise(() => {})
  await call(cluster, 'ask', { id: 'b' })
  for (const name of cluster.names) {
    if (name === newer) continue
    cluster.world.crash(name)
    cluster.world.upgrade(name, 'older')
    cluster.start(name)
  }
  expect(await until(cluster, () => cluster.settled, 30_000)).toBe(true)
  react = (id, _ctx, node) => void seen.push(`${id} ${node}`)
  let handedOver: boolean | null = null
  core(cluster).transfer(null, (ok) => (handedOver = ok))
  expect(await until(cluster, () => handedOver !== null && cluster.server() !== newer)).toBe(true)
  await cluster.world.runAsync({ forMs: 3_000 })
  expect(seen).toEqual([])
  const [work] = core(cluster).status().roles
  expect(work).toMatchObject({ pending: 1, parked: 0 })
  expect(work?.failing).toMatch(/waits for a build that reacts to asked/)
  core(cluster).transfer(core(cluster, newer).succession.self.memberId, () => {})
  expect(await until(cluster, () => seen.length > 0)).toBe(true)
  expect(seen).toEqual([`b ${newer}`])
})

it('a due command that throws is tried again, and the status of the server says so', async () => {
  const cluster = await office()
  const { world } = cluster
  await call(cluster, 'hold', { id: 'h', until: 0 })
  await world.runAsync({ forMs: 8_000 })
  // At once, and after 1, 3 and 7 s.
  expect(failed).toBe(4)
  expect(core(cluster).status().roles[0]).toMatchObject({
    due: 1,
    failing: 'The due command notes.fail fails: notes.fail failed on the server and changed nothing.',
  })
  expect(core(cluster, followerOf(cluster)).status().roles[0]).toMatchObject({ due: null, failing: null })
})

it('a call that another peer sends in the name of a reaction is not taken', async () => {
  let release = (): void => {}
  react = () => new Promise<void>((resolve) => (release = resolve))
  const cluster = await office()
  await call(cluster, 'ask', { id: 'a' })
  const key = listed(cluster)[0]?.key ?? ''
  const ended: string[] = []
  const forged = {
    role: 'notes',
    command: 'note',
    input: toEncoded({ id: 'forged' }),
    id: { session: `~notes:${key}`, seq: 1 },
    deadlineMs: 500,
  }
  core(cluster, followerOf(cluster)).call(forged, ({ status }) => ended.push(status))
  expect(await until(cluster, () => ended.length > 0)).toBe(true)
  expect(ended).toEqual(['unavailable'])
  expect(stateOf(cluster).notes).toEqual([])
  release()
  expect(await until(cluster, () => listed(cluster).length === 0)).toBe(true)
})
