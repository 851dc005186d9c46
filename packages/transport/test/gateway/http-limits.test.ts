import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { Gateway, GatewayAnswer, GatewayRequest } from '../../src/index.js'
import { Rates } from '../../src/gateway/rate.js'
import { httpConnectionsOfLoopback, httpPipelined, httpRatePerAddress } from '../../src/limits.js'
import { later, listening, pause } from '../support/peers.js'

/** A listener with a gateway that takes everything, and says by `answer` what comes of it. */
async function gateway(
  answer: (asked: GatewayRequest) => GatewayAnswer | Promise<GatewayAnswer> = ({ method, path }) => ({
    status: 200,
    body: { method, path },
  }),
): Promise<{ port: number; asked: GatewayRequest[]; refused: string[] }> {
  const asked: GatewayRequest[] = []
  const refused: string[] = []
  const own: Gateway = {
    owns: () => true,
    answer: async (request) => {
      asked.push(request)
      return answer(request)
    },
    refused: (why) => void refused.push(why),
  }
  const { address } = await listening({ gateway: own })
  return { port: Number(address.split(':')[1]), asked, refused }
}

function raw(port: number, text: string | Buffer): Socket {
  const socket = connect(port, '127.0.0.1')
  later(() => void socket.destroy())
  socket.on('error', () => undefined)
  if (text.length > 0) socket.write(text)
  return socket
}

/** Everything that comes until the other side ends the connection. */
async function ended(socket: Socket): Promise<string> {
  let text = ''
  socket.on('data', (part) => (text += String(part)))
  await new Promise((resolve) => socket.once('close', resolve))
  return text
}

/** All status lines; bodies have a length and are left aside. */
const statuses = (text: string): number[] =>
  [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))

const GET = 'GET /x HTTP/1.1\r\nHost: a\r\n'
const POST = 'POST /x HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n'
const LAST = 'Connection: close\r\n\r\n'

async function say(port: number, text: string | Buffer): Promise<number[]> {
  return statuses(await ended(raw(port, text)))
}

const bodyOf = async (asked: GatewayRequest): Promise<GatewayAnswer> => {
  const read = await asked.body(100)
  return read.ok ? { status: 200, body: read.value } : { status: read.status, body: { error: read.text } }
}

describe('requests that no good caller sends', () => {
  it.each([
    ['2,500 headers', `${GET}${'a: b\r\n'.repeat(2_500)}\r\n`, 431],
    ['33 headers', `${GET}${'a: b\r\n'.repeat(32)}\r\n`, 431],
    ['a header of 5,000 bytes', `${GET}a: ${'b'.repeat(5_000)}\r\n\r\n`, 431],
    ['a path of 5,000 bytes', `GET /${'b'.repeat(5_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 431],
    ['two lengths', `${POST}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x`, 400],
    ['a length and chunks', `${POST}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
    ['an encoding that is none', `${POST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`, 400],
    ['chunked that is not the last encoding', `${POST}Transfer-Encoding: chunked, x\r\n\r\n0\r\n\r\n`, 400],
    ['a space before the colon', `${GET}Content-Length : 2\r\n\r\n{}`, 400],
    ['a line that is folded', `${GET}a: b\r\n c: d\r\n${LAST}`, 400],
    ['a negative length', `${POST}Content-Length: -1\r\n\r\n`, 400],
    ['a chunk with a negative size', `${POST}Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n`, 400],
    ['lines that end in LF', 'GET /x HTTP/1.1\nHost: a\nConnection: close\n\n', 400],
    ['two hosts', `${GET}Host: b\r\n${LAST}`, 400],
    ['no host', `GET /x HTTP/1.1\r\n${LAST}`, 400],
    ['HTTP/0.9', 'GET /x\r\n\r\n', 505],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['an unknown method', `BREW /x HTTP/1.1\r\nHost: a\r\n${LAST}`, 400],
    ['a control byte in a header', `${GET}a: \u0000\r\n${LAST}`, 400],
  ])('%s: answered with a status, and the connection ends', async (_what, text, status) => {
    const { port, asked } = await gateway(bodyOf)
    const [first, ...more] = await say(port, text)
    expect(first).toBe(status)
    expect(more).toEqual([])
    // What a body might have smuggled in was not taken for a request.
    expect(asked.length).toBeLessThanOrEqual(1)
    expect(await say(port, GET + LAST)).toEqual([200])
  })

  it('takes the name in an absolute path instead of that in Host', async () => {
    const { port, asked } = await gateway()
    expect(await say(port, `GET http://other:81/y?z HTTP/1.1\r\nHost: a\r\n${LAST}`)).toEqual([200])
    expect(asked[0]).toMatchObject({ path: '/y', query: 'z', headers: { host: 'other:81' } })
    expect(await say(port, `GET ftp://other/y HTTP/1.1\r\nHost: a\r\n${LAST}`)).toEqual([400])
  })

  it('tunnels nothing, and upgrades to nothing', async () => {
    const { port, asked } = await gateway()
    expect(await say(port, `CONNECT other:443 HTTP/1.1\r\nHost: other:443\r\n\r\n`)).toEqual([])
    const upgrade = 'Connection: upgrade\r\nUpgrade: h2c\r\n\r\n'
    expect(await say(port, `GET / HTTP/1.1\r\nHost: a\r\n${upgrade}`)).toEqual([404])
    expect(asked).toEqual([])
    expect(await say(port, `TRACE /x HTTP/1.1\r\nHost: a\r\n${LAST}`)).toEqual([200])
    expect(asked[0]?.method).toBe('TRACE')
  })
})

describe('bodies', () => {
  it('are read to their limit, whether their length is told or not', async () => {
    const { port } = await gateway(bodyOf)
    const most = JSON.stringify('x'.repeat(98))
    expect(await say(port, `${POST}Content-Length: 100\r\n${LAST}${most}`)).toEqual([200])
    expect(await say(port, `${POST}Content-Length: 101\r\n\r\n`)).toEqual([413])
    expect(await say(port, `${POST}Content-Length: 9000000000000000\r\n\r\n`)).toEqual([413])
    // Chunks without an end: cut off at the limit.
    const endless = raw(port, `${POST}Transfer-Encoding: chunked\r\n\r\n`)
    const answer = ended(endless)
    const more = setInterval(() => endless.write(`40\r\n${'y'.repeat(64)}\r\n`), 5)
    later(() => clearInterval(more))
    expect(statuses(await answer)).toEqual([413])
  })

  it('a body that is cut off changes nothing', async () => {
    const got: unknown[] = []
    const { port, asked } = await gateway(async (request) => {
      got.push(await request.body(100), request.signal.aborted)
      return { status: 200 }
    })
    const socket = raw(port, `${POST}Content-Length: 10\r\n\r\n{"a"`)
    while (asked.length === 0) await pause(1)
    socket.destroy()
    while (got.length === 0) await pause(1)
    expect(got).toMatchObject([{ ok: false, status: 400 }, true])
  })
})

describe('callers that are many', () => {
  it('pipelined requests are answered in order, and too many of them end the connection', async () => {
    const open: (() => void)[] = []
    const { port, asked, refused } = await gateway(async ({ path }) => {
      await new Promise<void>((resolve) => open.push(resolve))
      return { status: 200, body: path }
    })
    const many = Array.from({ length: httpPipelined + 50 }, (_, i) => `GET /${i} HTTP/1.1\r\nHost: a\r\n\r\n`)
    const all = ended(raw(port, many.join('')))
    while (open.length < httpPipelined) await pause(1)
    await pause(20)
    expect(asked).toHaveLength(httpPipelined)
    for (const go of open.toReversed()) go()
    const text = await all
    expect(statuses(text)).toEqual([...Array.from({ length: httpPipelined }, () => 200), 429])
    expect([...text.matchAll(/"\/(\d+)"/g)].map(([, n]) => Number(n))).toEqual(
      many.slice(0, httpPipelined).map((_, i) => i),
    )
    expect(refused).toEqual(['pipelined'])
  })

  it('this machine has so many connections and no more, and they come free again', async () => {
    const { port, refused } = await gateway()
    const held: Socket[] = []
    for (let i = 0; i < httpConnectionsOfLoopback; i++) {
      const socket = raw(port, `${GET}\r\n`)
      await new Promise((resolve) => socket.once('data', resolve))
      held.push(socket)
    }
    const text = await ended(raw(port, GET + LAST))
    expect(text === '' || statuses(text)[0] === 503).toBe(true)
    // So many requests are over their rate, too.
    expect(refused.filter((why) => why !== 'rate')).toEqual(['connections'])
    // Another address does not notice.
    const other = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.9' })
    other.write(GET + LAST)
    expect(['200', '429']).toContain(String(statuses(await ended(other))[0]))
    for (const socket of held) socket.destroy()
    await pause(20)
    expect(await say(port, GET + LAST)).toEqual([200])
  })

  it('one address has its rate', async () => {
    const { port, asked } = await gateway()
    const each = 400
    const askMany = async (): Promise<number[]> => {
      const socket = raw(port, '')
      let text = ''
      socket.on('data', (part) => (text += String(part)))
      for (let i = 0; i < each; i++) {
        socket.write(`${GET}\r\n`)
        while (statuses(text).length <= i) await pause(0)
      }
      return statuses(text)
    }
    const got = (await Promise.all([askMany(), askMany(), askMany()])).flat()
    expect(got.filter((status) => status === 200)).toHaveLength(asked.length)
    expect(asked.length).toBeGreaterThanOrEqual(httpRatePerAddress.burst)
    expect(got).toContain(429)
  })

  it('a rate is a burst, and then so many a second; all addresses share one', () => {
    const rates = new Rates({ burst: 2, perSecond: 1 }, { burst: 3, perSecond: 10 }, 2)
    expect([0, 0, 0].map((ms) => rates.take('a', ms))).toEqual([true, true, false])
    expect(rates.take('b', 0)).toBe(true)
    expect(rates.take('c', 0)).toBe(false)
    expect(['b', 'b', 'c', 'c', 'c'].map((who) => rates.take(who, 100))).toEqual([
      true,
      false,
      false,
      false,
      false,
    ])
    // Of two addresses that are remembered, a is not one: it begins anew.
    expect([1_000, 1_000, 1_000].map((ms) => rates.take('a', ms))).toEqual([true, true, false])
  })
})
