import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Log } from '@tanist/core'
import type { Peer } from '@tanist/singleton'
import { readJson, sendJson } from '@tanist/transport'
import { refused, unavailable, wrong } from './answer.js'
import type { Answer } from './answer.js'
import { BadRequest, parseCommand, parseKey, parseTransfer } from './command.js'
import { BODY_BYTES, HELD_MS } from './limits.js'
import { others, PASSED_ON, passOn } from './pass-on.js'
import { readRegister, statusOf, submit, transfer } from './requests.js'

const PREFIX = '/v1/registers/'
const PATHS = `${PREFIX}KEY, /v1/status, /v1/leave and /v1/transfer`

/**
 * The HTTP side of the service, on the port of the peer.
 *
 *   starting   until `open`, and until the cluster has admitted the peer: 503 with what it waits for
 *   serving
 *   draining   from `drain` on: what is under way is answered here, what is new is passed on to another
 *              member, and every answer ends its connection. Passed-on answers are held until `closed`, so that
 *              whoever asks again finds the port closed and no connection is cut off half-way
 */
export class Desk {
  readonly #log: Log
  readonly #leave: () => Promise<boolean>
  readonly #since = Date.now()
  #peer: Peer | null = null
  #joined = false
  #draining = false
  /** Requests that the own peer works on, and answers that are not sent yet. */
  #working = 0
  #open = 0
  #waiters: (() => void)[] = []
  #closed = false

  constructor(log: Log, leave: () => Promise<boolean>) {
    this.#log = log
    this.#leave = leave
  }

  readonly listener: RequestListener = (request, response) => {
    this.#open += 1
    response.once('close', () => {
      this.#open -= 1
      this.#wake()
    })
    void this.#serve(request, response)
  }

  open(peer: Peer): void {
    this.#peer = peer
    const admitted = (): void => void (this.#joined = true)
    peer.joined.then(admitted, () => {})
  }

  /** Resolves when the own peer works on no request any more, or after `limitMs`. */
  async drain(limitMs: number): Promise<void> {
    this.#draining = true
    await this.#until(() => this.#working === 0, limitMs)
  }

  /** The port takes no connections any more. */
  closed(): void {
    this.#closed = true
    this.#wake()
  }

  /** Resolves when every answer has been sent, or after `limitMs`. */
  async sent(limitMs: number): Promise<void> {
    await this.#until(() => this.#open === 0, limitMs)
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let answer: Answer
    try {
      answer = await this.#route(request)
    } catch (error) {
      if (error instanceof BadRequest) answer = wrong(400, error.message)
      else {
        this.#log.write('error', 'request-failed', 'A request failed; this is a bug.', { error })
        answer = unavailable('This peer failed on the request; its log says more.', Date.now(), 'unknown')
      }
    }
    if (this.#draining) response.setHeader('connection', 'close')
    sendJson(response, answer.status, answer.body)
  }

  async #route(request: IncomingMessage): Promise<Answer> {
    const { method = '', url = '' } = request
    const [path = '', query = ''] = url.split('?', 2)
    const allowed = methodsOf(path)
    if (allowed === null) return wrong(404, `There is nothing at ${path}; there are ${PATHS}.`)
    if (!allowed.includes(method)) return wrong(405, `${path} takes ${allowed.join(' and ')}, not ${method}.`)
    const peer = this.#peer
    if (peer === null) return unavailable('This peer is starting.', this.#since)
    if (path === '/v1/status') return { status: 200, body: statusOf(peer.status()) }
    if (path === '/v1/leave') {
      const left = await this.#leave()
      return left
        ? { status: 200, body: { ok: true } }
        : refused('This peer is stopping, and keeps its seat.')
    }
    const key = path.startsWith(PREFIX) ? parseKey(path.slice(PREFIX.length)) : null
    const body = await bodyOf(request)
    if (this.#draining) return this.#passOn(peer, request, body)
    const wait = this.#joined ? null : peer.status().waitingFor
    if (wait !== null) return unavailable(wait, this.#since)
    if (key === null) return transfer(peer, parseTransfer(body), request.headers[PASSED_ON] !== undefined)
    return this.#work(() =>
      method === 'GET'
        ? readRegister(peer, key, consistencyOf(query))
        : submit(peer, key, parseCommand(body)),
    )
  }

  async #work(run: () => Promise<Answer>): Promise<Answer> {
    this.#working += 1
    try {
      return await run()
    } finally {
      this.#working -= 1
      this.#wake()
    }
  }

  async #passOn(peer: Peer, request: IncomingMessage, body: unknown): Promise<Answer> {
    if (request.headers[PASSED_ON] !== undefined) return unavailable('This peer is stopping.', Date.now())
    const answer = await passOn(others(peer.status()), request.method ?? '', request.url ?? '', body)
    await this.#until(() => this.#closed, HELD_MS)
    return answer
  }

  #until(done: () => boolean, limitMs: number): Promise<void> {
    if (done()) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, limitMs)
      const look = (): void => {
        if (!done()) return void this.#waiters.push(look)
        clearTimeout(timer)
        resolve()
      }
      this.#waiters.push(look)
    })
  }

  #wake(): void {
    const waiters = this.#waiters
    this.#waiters = []
    for (const look of waiters) look()
  }
}

function methodsOf(path: string): readonly string[] | null {
  if (path.startsWith(PREFIX)) return ['GET', 'POST']
  if (path === '/v1/status') return ['GET']
  return path === '/v1/leave' || path === '/v1/transfer' ? ['POST'] : null
}

/** Undefined when there is none. */
async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const { 'content-length': length = '0', 'transfer-encoding': coding } = request.headers
  if (request.method === 'GET' || (length === '0' && coding === undefined)) return undefined
  const body = await readJson(request, { limitBytes: BODY_BYTES })
  if (!body.ok) throw new BadRequest(body.text)
  return body.value
}

function consistencyOf(query: string): 'linearizable' | 'local' {
  const asked = new URLSearchParams(query).get('consistency') ?? 'linearizable'
  if (asked === 'linearizable' || asked === 'local') return asked
  throw new BadRequest(`"consistency" is "${asked}"; allowed are linearizable and local.`)
}
