// A payment service as they are: it fails at random, and sometimes it has taken the money all the same. A process
// of its own, so that it lives on when peers are killed. Its books are in memory: it outlives only them.
//   PUT /charges/KEY { "cents": 1290 }   -> 200 { "state": "charged" | "declined" | "voided" }
//   DELETE /charges/KEY                  -> 200 { "state": "voided" }
//   GET /books, PUT /mood { "failing": 0.3 }
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pathToFileURL } from 'node:url'
import { readJson, sendJson } from '@tanist/transport'
import type { JsonBody } from '@tanist/transport'
import { Ledger } from './ledger.js'

/** Share of requests that go wrong, of which each way is as likely. */
const FAILING = 0.3
/** Share of charges that the bank declines for good. */
const DECLINED = 0.1

type Fate =
  | 'answers'
  /** An error, and nothing has happened. */
  | 'fails'
  /** No answer at all, and nothing has happened. */
  | 'is silent'
  /** It has happened, and the answer gets lost. */
  | 'drops the answer'

const WRONG: readonly Fate[] = ['fails', 'is silent', 'drops the answer']

export function createPaymentService(random: () => number = Math.random): Server {
  const ledger = new Ledger()
  let failing = FAILING
  const fate = (): Fate =>
    random() < failing ? (WRONG[Math.floor(random() * WRONG.length)] ?? 'fails') : 'answers'

  const charges = async (key: string, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const how = fate()
    if (how === 'fails') return sendJson(response, 503, { error: 'Out of order, try again.' })
    if (how === 'is silent') return
    const cents = request.method === 'PUT' ? numberIn(await readJson(request), 'cents') : null
    if (cents === undefined) return sendJson(response, 400, { error: 'Give the "cents".' })
    const state = cents === null ? ledger.voidCharge(key) : ledger.charge({ key, cents }, random() < DECLINED)
    if (how === 'drops the answer') return void request.socket.destroy()
    sendJson(response, 200, { state })
  }

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = 'GET', url = '/' } = request
    const [, place, key] = url.split('/')
    if (place === 'charges' && key && (method === 'PUT' || method === 'DELETE'))
      return charges(decodeURIComponent(key), request, response)
    if (url === '/books') return sendJson(response, 200, { failing, books: [...ledger.bookings] })
    if (url === '/mood' && method === 'PUT') {
      failing = numberIn(await readJson(request), 'failing') ?? failing
      return sendJson(response, 200, { failing })
    }
    sendJson(response, 404, { error: 'PUT or DELETE /charges/KEY, GET /books, PUT /mood.' })
  }
  return createServer((request, response) => {
    void answer(request, response).catch((error: unknown) =>
      sendJson(response, 500, { error: String(error) }),
    )
  })
}

function numberIn(body: JsonBody, name: string): number | undefined {
  const value = body.ok ? (body.value as Readonly<Record<string, unknown>> | null)?.[name] : undefined
  return typeof value === 'number' ? value : undefined
}

// Started as a program it says its port to whoever started it, and ends with it.
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const server = createPaymentService()
  server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo
    if (process.send) process.send({ port })
    else console.log(`The payment service listens at http://127.0.0.1:${port}.`)
  })
  process.on('disconnect', () => process.exit())
  // Ctrl-C reaches every process of the terminal; peers may still need it to end in peace.
  if (process.send) process.on('SIGINT', () => {})
}
