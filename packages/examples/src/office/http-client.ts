import { Agent, request } from 'node:http'

export type Reply = { readonly status: number; readonly body: unknown } | { readonly error: string }

/** One peer's HTTP over connections that stay open. Never throws: a broken connection is a reply too. */
export class HttpClient {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 })
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  get(path: string, done: (reply: Reply) => void): void {
    this.#send('GET', path, null, done)
  }

  post(path: string, body: unknown, done: (reply: Reply) => void): void {
    this.#send('POST', path, JSON.stringify(body), done)
  }

  close(): void {
    this.#agent.destroy()
  }

  #send(method: string, path: string, body: string | null, done: (reply: Reply) => void): void {
    const headers =
      body === null ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    let over = false
    const end = (reply: Reply): void => {
      if (!over) done(reply)
      over = true
    }
    const sent = request(new URL(path, this.#url), { method, headers, agent: this.#agent }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('error', (error) => end({ error: error.message }))
      response.on('close', () => end({ error: 'the connection ended' }))
      response.on('end', () => {
        try {
          end({
            status: response.statusCode ?? 0,
            body: JSON.parse(Buffer.concat(parts).toString()) as unknown,
          })
        } catch {
          end({ error: 'the answer is not JSON' })
        }
      })
    })
    sent.on('error', (error) => end({ error: error.message }))
    sent.end(body)
  }
}
