import { get, request } from 'node:http'
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { text as textOf } from 'node:stream/consumers'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import type { ClientOptions } from 'ws'
import { openPort, readJson, sendJson } from '../../src/gateway/index.js'
import type { Port, PortRoutes } from '../../src/gateway/index.js'
import { dialling, later, listening, pause, quietHost } from '../support/peers.js'

function responseTo(asked: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve) => asked.once('response', resolve))
}

/** The HTTP status that an upgrade is refused with. */
function refusal(path: string, options?: ClientOptions): Promise<number | undefined> {
  const client = new WebSocket(`ws://${path}`, options)
  client.on('error', () => undefined)
  later(() => client.terminate())
  return new Promise((resolve) =>
    client.once('unexpected-response', (_request, response) => resolve(response.statusCode)),
  )
}

async function ask(url: string): Promise<{ response: IncomingMessage; body: string }> {
  const response = await responseTo(get(url))
  return { response, body: await textOf(response) }
}

async function post(
  url: string,
  body: string | Buffer,
  type = 'application/json',
  more: Record<string, string> = {},
): Promise<unknown> {
  const posted = request(url, { method: 'POST', headers: { 'content-type': type, ...more } })
  posted.on('error', () => undefined)
  posted.end(body)
  const response = await responseTo(posted)
  return { status: response.statusCode, body: JSON.parse(await textOf(response)) as unknown }
}

async function open(some: Partial<PortRoutes>): Promise<{ port: Port; address: string; said: string[] }> {
  const said: string[] = []
  const routes = { linkPaths: ['/link'], link: () => undefined, http: undefined, upgrade: undefined, ...some }
  return new Promise((resolve) => {
    const port = openPort('127.0.0.1', 0, routes, {
      listening: (host, number) => resolve({ port, address: `${host}:${number}`, said }),
      failed: () => void said.push('failed'),
      lost: () => void said.push('lost'),
    })
    later(() => port.close())
  })
}

describe('the one port', () => {
  it('serves HTTP beside links', async () => {
    const peer = await listening({ http: (_request, response) => response.end('a page') })
    const link = dialling(quietHost(), peer.address)
    await link.opening()
    expect((await ask(`http://${peer.address}/`)).body).toBe('a page')
    link.link.send(Buffer.from('a frame'))
    const inner = await peer.nextAccepted()
    await inner.until(({ frames }) => frames.length === 1)
  })

  it('answers 404 in JSON when the application serves nothing', async () => {
    const peer = await listening()
    const { response, body } = await ask(`http://${peer.address}/`)
    expect(response.statusCode).toBe(404)
    expect(JSON.parse(body)).toHaveProperty('error')
  })

  it('leaves other upgrades to the application, and refuses them without one', async () => {
    const peer = await listening()
    expect(await refusal(`${peer.address}/chat`)).toBe(404)
    let seen = ''
    const taking = await listening({
      upgrade: (incoming, socket) => {
        seen = incoming.url ?? ''
        socket.end('HTTP/1.1 418 \r\nContent-Length: 0\r\n\r\n')
      },
    })
    expect(await refusal(`${taking.address}/chat`)).toBe(418)
    expect(seen).toBe('/chat')
  })

  it('keeps web pages from asking for links', async () => {
    const peer = await listening()
    const origin = 'http://evil.example'
    expect(await refusal(`${peer.address}/tanist/v1/link`, { origin })).toBe(403)
  })

  it('finishes a running response after its close, then ends that connection', async () => {
    const answers: ServerResponse[] = []
    const { port, address } = await open({ http: (_request, response) => void answers.push(response) })
    // Without a timeout of its own the connection ends only because the port does.
    port.server.keepAliveTimeout = 0
    const client = connect(Number(address.split(':')[1]), '127.0.0.1')
    client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    const received = textOf(client)
    while (answers.length === 0) await pause(1)
    port.close()
    expect(await dialling(quietHost(), address).ending()).toEqual({ kind: 'refused' })
    answers[0]!.end('done')
    expect(await received).toMatch(/done$/)
  })

  it('says when its socket is lost, once', async () => {
    const { port, said } = await open({})
    port.front.close()
    await once(port.front, 'close')
    port.close()
    expect(said).toEqual(['lost'])
  })

  it('cuts a socket that never says what it wants', { timeout: 20_000 }, async () => {
    const peer = await listening()
    const [host, port] = peer.address.split(':')
    const silent = connect(Number(port), host)
    silent.on('error', () => undefined)
    silent.write('GET / HTTP/1.1\r\nHost: x\r\n')
    silent.resume()
    await once(silent, 'close')
    expect(silent.bytesRead).toBeLessThan(500)
  })
})

async function echo(limitBytes: number): Promise<string> {
  const peer = await listening({
    http: (incoming, response) => {
      void readJson(incoming, { limitBytes }).then((body) =>
        body.ok
          ? sendJson(response, 200, { got: body.value })
          : sendJson(response, body.status, { error: body.text }),
      )
    },
  })
  return `http://${peer.address}/`
}

function wrong(sentence: string): object {
  return { status: 400, body: { error: expect.stringContaining(sentence) } }
}

describe('readJson', () => {
  it('gives the value of a body', async () => {
    const url = await echo(100)
    expect(await post(url, '{"a":[1,"ü"]}')).toEqual({ status: 200, body: { got: { a: [1, 'ü'] } } })
    expect(await post(url, 'null', 'application/json; charset=utf-8')).toMatchObject({ status: 200 })
  })

  it('says what is wrong with a body', async () => {
    const url = await echo(100)
    expect(await post(url, '{"a":')).toMatchObject(wrong('not valid JSON'))
    expect(await post(url, '')).toMatchObject(wrong('not valid JSON'))
    expect(await post(url, Buffer.from([0x22, 0xff, 0x22]))).toMatchObject(wrong('not valid JSON'))
    expect(await post(url, `"${'x'.repeat(99)}"`)).toMatchObject(wrong('more than 100 bytes'))
    expect(await post(url, `"${'x'.repeat(1_000_000)}"`)).toMatchObject(wrong('more than 100 bytes'))
  })

  it('takes JSON under any name from a program, and only under its own from a web page', async () => {
    const url = await echo(100)
    const form = 'application/x-www-form-urlencoded'
    const page = { origin: 'http://elsewhere.example' }
    expect(await post(url, '1', form)).toEqual({ status: 200, body: { got: 1 } })
    expect(await post(url, '1', form, page)).toMatchObject(wrong('Send JSON'))
    expect(await post(url, '1', 'application/json', page)).toEqual({ status: 200, body: { got: 1 } })
  })

  it('accepts a body of exactly the limit', async () => {
    expect(await post(await echo(100), `"${'x'.repeat(98)}"`)).toMatchObject({ status: 200 })
  })
})
