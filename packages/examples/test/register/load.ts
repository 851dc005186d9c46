import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished } from 'vitest'
import { call } from './processes.js'
import type { Fleet, Reply, RegisterProcess } from './processes.js'

const COUNTER = 'counter'
/** Given up after so many tries: a test that hangs says less. */
const TRIES = 400

interface Acknowledged {
  readonly id: string
  readonly key: string
  readonly value: unknown
  readonly index: number
  readonly term: number
}

/**
 * Writers that go on whatever happens to the peers: each has a session, and repeats a command with its id at
 * the next peer until it is answered. Two kinds of commands: `add` of 1 to one shared counter, so that
 * whatever is lost, doubled or decided by two servers shows in the sums; and `put` of a register of its own.
 */
export class Load {
  readonly acknowledged: Acknowledged[] = []
  /** Answers other than 200. */
  readonly failures: Reply[] = []
  /** Connections that were refused or ended without an answer: the peer at the other end has gone. */
  readonly lost: string[] = []
  #stopping = false
  #abandoned = false
  readonly #done: Promise<void>[]

  constructor(addresses: readonly string[], writers: number) {
    this.#done = Array.from({ length: writers }, (_, i) => this.#write(`writer-${i}`, addresses, i))
    // A test that failed does not come to `stop`.
    for (const done of this.#done) done.catch(() => {})
    onTestFinished(() => {
      this.#stopping = true
      this.#abandoned = true
    })
  }

  /** Resolves after `count` more acknowledgements. */
  async more(count: number): Promise<void> {
    const goal = this.acknowledged.length + count
    for (let i = 0; this.acknowledged.length < goal; i++) {
      if (i > 3_000) throw new Error(`Only ${this.acknowledged.length} of ${goal} acknowledged after 30 s.`)
      await sleep(10)
    }
  }

  /** Every command that was begun has been acknowledged when it resolves. */
  async stop(): Promise<void> {
    this.#stopping = true
    await Promise.all(this.#done)
  }

  async #write(session: string, addresses: readonly string[], at: number): Promise<void> {
    let next = at
    for (let seq = 1; !this.#stopping; seq++) {
      const id = `${session}:${seq}`
      const [key, command] =
        seq % 4 === 0 ? [`${session}-${seq}`, { op: 'put', value: id }] : [COUNTER, { op: 'add', by: 1 }]
      for (let tries = 0; ; tries++) {
        if (tries > TRIES || this.#abandoned) throw new Error(`${id} was not answered after ${TRIES} tries.`)
        const address = addresses[next % addresses.length] ?? ''
        const reply = await this.#ask(address, key, { ...command, id })
        if (reply?.status === 200) {
          const { value, index, term } = reply.body as { value: unknown; index: number; term: number }
          this.acknowledged.push({ id, key, value, index, term })
          break
        }
        next += 1
        if (tries >= addresses.length) await sleep(20)
      }
    }
  }

  async #ask(address: string, key: string, command: unknown): Promise<Reply | null> {
    try {
      const reply = await call(address, 'POST', `/v1/registers/${key}`, command, { timeoutMs: 3_000 })
      if (reply.status !== 200) this.failures.push(reply)
      return reply
    } catch (error) {
      this.lost.push(`${address}: ${String(error)}`)
      return null
    }
  }

  /** Nothing lost, nothing doubled, nothing decided twice: in the answers, and in what every peer holds. */
  async check(peers: readonly RegisterProcess[]): Promise<void> {
    const adds = this.acknowledged.filter(({ key }) => key === COUNTER)
    const sums = adds.map(({ value }) => Number(value)).toSorted((a, b) => a - b)
    expect(sums).toEqual(sums.map((_, i) => i + 1))
    const indices = this.acknowledged.map(({ index }) => index)
    expect(new Set(indices).size).toBe(indices.length)
    const inOrder = this.acknowledged.toSorted((a, b) => a.index - b.index).map(({ term }) => term)
    expect(inOrder).toEqual(inOrder.toSorted((a, b) => a - b))
    for (const peer of peers) {
      const counter = await peer.get(`/v1/registers/${COUNTER}`)
      expect(counter).toMatchObject({ status: 200, body: { ok: true, value: adds.length } })
      // The read above waited until this replica had everything; the rest may be read locally.
      const puts = this.acknowledged.filter(({ key }) => key !== COUNTER)
      for (const { key, value } of puts) {
        const reply = await peer.get(`/v1/registers/${key}?consistency=local`)
        expect(reply).toMatchObject({ status: 200, body: { ok: true, value } })
      }
    }
  }
}

export function loadOn(fleet: Fleet, writers = 6, addresses: readonly string[] = fleet.addresses): Load {
  return new Load(addresses, writers)
}
