import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { connect } from '../../src/index.js'
import type { Client } from '../../src/index.js'
import { Processes, SECRET, tally, until } from './processes.js'

let office: Processes
let client: Client | null = null

beforeEach(() => {
  office = new Processes()
})

afterEach(async () => {
  await client?.close()
  client = null
  await office.close()
})

/** Calls one after the other in some lanes, until it is told to end. */
class Load {
  readonly failed: string[] = []
  readonly answered: string[] = []
  /** Milliseconds between two answers, whatever lane they came from. */
  longestGapMs = 0
  #isOver = false
  #last = performance.now()
  readonly #lanes: Promise<void>[]

  constructor(on: Client, lanes: number) {
    this.#lanes = Array.from({ length: lanes }, (_, lane) => this.#run(on, lane))
  }

  /** The longest one since the last time that this was asked. */
  takeGap(): number {
    const gap = this.longestGapMs
    this.longestGapMs = 0
    return Math.round(gap)
  }

  async end(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#lanes)
  }

  async #run(on: Client, lane: number): Promise<void> {
    for (let i = 0; !this.#isOver; i++) {
      const mark = `${lane}.${i}`
      const out = await on.role(tally).mark({ mark })
      const now = performance.now()
      this.longestGapMs = Math.max(this.longestGapMs, now - this.#last)
      this.#last = now
      if (out.status === 'ok') this.answered.push(mark)
      else this.failed.push(`${mark} ${JSON.stringify(out)}`)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
}

describe('a client of three processes', () => {
  it('loses no call and no event when its member, and then the server, is killed under load, and one that stops sends it on', {
    timeout: 60_000,
  }, async () => {
    await office.start('ann')
    await Promise.all([office.start('bob'), office.start('cy')])
    // Not the server at first.
    const [ann, ...others] = office.addresses
    const given = [...others, ann ?? '']
    client = await connect({ app: 'tallies', secret: SECRET, roles: [tally], addresses: given })
    const events: string[] = []
    client
      .role(tally)
      .events$({ after: { index: 0 } })
      .subscribe((item) => {
        if (item.kind === 'event') events.push(item.payload.mark)
      })
    let state: readonly string[] = []
    client.role(tally).state$.subscribe((now) => (state = now.marks))
    const load = new Load(client, 4)
    const gaps: Record<string, number> = {}
    const lasting = (): Promise<void> => {
      const enough = load.answered.length + 100
      return until(() => load.answered.length >= enough)
    }
    await lasting()
    load.takeGap()

    const linked = office.nameAt(client.status().member?.address ?? '')
    await office.kill(linked)
    await lasting()
    gaps['member killed'] = load.takeGap()
    expect(client.status()).toMatchObject({ state: 'connected', links: 2 })

    await office.start(linked)
    await lasting()
    load.takeGap()
    const server = office.server
    await office.kill(server)
    await lasting()
    gaps['server killed'] = load.takeGap()

    await office.start(server)
    await lasting()
    load.takeGap()
    const last = office.nameAt(client.status().member?.address ?? '')
    await office.kill(last, 'SIGTERM')
    await lasting()
    gaps['member stopped'] = load.takeGap()

    await load.end()
    expect(load.failed).toEqual([])
    const marks = (await client.read(tally)).marks
    expect(new Set(marks).size).toBe(marks.length)
    expect(new Set(marks)).toEqual(new Set(load.answered))
    await until(() => events.length >= marks.length && state.length >= marks.length)
    expect(events).toEqual(marks)
    expect(state).toEqual(marks)
    const view = await new Promise((resolve) => client?.server$.subscribe(resolve))
    expect(view).toMatchObject({ server: { name: office.server } })
  })

  it('is told in one sentence when its secret or its application is another one', async () => {
    await office.start('ann')
    const { addresses } = office
    const why = async (options: object): Promise<unknown> => {
      try {
        return await connect({ app: 'tallies', addresses, ...options, log: { write: () => {} } })
      } catch (error) {
        return error
      }
    }
    expect(await why({ secret: 'another one for this loopback' })).toMatchObject({ code: 'secret' })
    expect(await why({ app: 'tallies2', secret: SECRET })).toMatchObject({ name: 'ConnectError' })
    expect(await why({ app: 'tallies2' })).toMatchObject({ code: 'application' })
  })
})
