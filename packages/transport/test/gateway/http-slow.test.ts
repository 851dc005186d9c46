import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { describe, expect, it, vi } from 'vitest'
import type { GatewayAnswer, GatewayRequest } from '../../src/index.js'
import { later, listening, pause } from '../support/peers.js'

// Each time limit at a tenth or less.
vi.mock('../../src/limits.js', async (original) => ({
  ...(await original<object>()),
  httpBodyMs: 300,
  httpAnswerMs: 300,
  httpKeepAliveMs: 300,
  headersLimitMs: 600,
}))

async function gateway(answer: (asked: GatewayRequest) => Promise<GatewayAnswer>): Promise<{
  port: number
  paths: string[]
  refused: string[]
}> {
  const paths: string[] = []
  const refused: string[] = []
  const { address } = await listening({
    gateway: {
      owns: () => true,
      answer: (asked) => {
        paths.push(asked.path)
        return answer(asked)
      },
      refused: (why) => void refused.push(why),
    },
  })
  return { port: Number(address.split(':')[1]), paths, refused }
}

const empty = async (): Promise<GatewayAnswer> => ({ status: 200 })

function raw(port: number, text: string): Socket {
  const socket = connect(port, '127.0.0.1')
  later(() => void socket.destroy())
  socket.on('error', () => undefined)
  if (text !== '') socket.write(text)
  return socket
}

/** Writes `text` again and again, until the connection ends. */
function dripping(socket: Socket, text: string): Socket {
  const drip = setInterval(() => socket.write(text), 50)
  later(() => clearInterval(drip))
  return socket
}

async function ended(socket: Socket): Promise<string> {
  let text = ''
  socket.on('data', (part) => (text += String(part)))
  await new Promise((resolve) => socket.once('close', resolve))
  return text
}

const GET = 'GET /x HTTP/1.1\r\nHost: a\r\n'

describe('slow callers are cut off', () => {
  it('one that never says anything', async () => {
    const { port, paths } = await gateway(empty)
    expect(await ended(raw(port, ''))).toMatch(/^(HTTP\/1.1 408 .*)?/)
    expect(paths).toEqual([])
  })

  it('one that stops in its first line', async () => {
    const { port, paths } = await gateway(empty)
    expect(await ended(raw(port, 'GET /x HT'))).toMatch(/^HTTP\/1.1 408 /)
    expect(paths).toEqual([])
  })

  it('one whose first request never ends', async () => {
    const { port, paths } = await gateway(empty)
    expect(await ended(dripping(raw(port, `${GET}a: `), 'b'))).toMatch(/^HTTP\/1.1 408 /)
    expect(paths).toEqual([])
  })

  it('one whose second request never ends', async () => {
    const { port, paths } = await gateway(empty)
    expect(await ended(dripping(raw(port, `${GET}\r\n${GET}a: `), 'b'))).toMatch(/^HTTP\/1.1 200 /)
    expect(paths).toEqual(['/x'])
  })

  it('one that asks nothing more', async () => {
    const { port, paths } = await gateway(empty)
    expect(await ended(raw(port, `${GET}\r\n`))).toMatch(/^HTTP\/1.1 200 /)
    expect(paths).toEqual(['/x'])
  })

  it('one whose body comes a byte at a time', async () => {
    const { port, refused } = await gateway(async (asked) => {
      const body = await asked.body(10_000)
      return { status: body.ok ? 200 : body.status }
    })
    const head =
      'POST /x HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n'
    expect(await ended(dripping(raw(port, head), 'x'))).toMatch(/^HTTP\/1.1 408 /)
    expect(refused).toEqual(['slow'])
  })

  it('one that does not read its answer', async () => {
    const content = 'x'.repeat(32 * 1_024 * 1_024)
    const { port } = await gateway(async () => ({ status: 200, text: { type: 'text/plain', content } }))
    const lazy = raw(port, `${GET}\r\n`)
    lazy.pause()
    await pause(1_000)
    const got = ended(lazy)
    lazy.resume()
    expect((await got).length).toBeLessThan(content.length)
  })
})
