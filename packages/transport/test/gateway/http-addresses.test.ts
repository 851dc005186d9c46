import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { expect, it } from 'vitest'
import { limitHttp, serveHttp } from '../../src/gateway/index.js'
import { httpConnectionsPerAddress, httpRatePerAddress } from '../../src/limits.js'
import { later } from '../support/peers.js'

/** A port whose callers all come from another address of 2001:db8:0:7::/64. */
async function port(): Promise<{ server: Server; port: number; refused: string[] }> {
  const refused: string[] = []
  const gateway = {
    owns: () => true,
    answer: () => Promise.resolve({ status: 200 }),
    refused: (why: string) => void refused.push(why),
  }
  const server = createServer()
  limitHttp(server, serveHttp({ gateway, http: undefined, layer: 'main', secure: false }), gateway.refused)
  let n = 0
  server.prependListener('connection', (socket: Socket) => {
    n += 1
    Object.defineProperty(socket, 'remoteAddress', { value: `2001:db8:0:7::${n.toString(16)}` })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  later(() => void server.close())
  later(() => server.closeAllConnections())
  return { server, port: (server.address() as AddressInfo).port, refused }
}

const open = async (at: number): Promise<Socket> => {
  const socket = connect(at, '127.0.0.1')
  later(() => void socket.destroy())
  socket.on('error', () => undefined)
  await new Promise((resolve) => socket.once('connect', resolve))
  return socket
}

it('a machine that has a /64 of IPv6 has as many connections as one with a single address', async () => {
  const { port: at, refused } = await port()
  for (let n = 0; n < httpConnectionsPerAddress; n++) await open(at)
  const over = await open(at)
  let text = ''
  over.on('data', (part) => (text += String(part)))
  await new Promise((resolve) => over.once('close', resolve))
  expect(text).toMatch(/^HTTP\/1\.1 503 /)
  expect(refused).toEqual(['connections'])
})

it('and as many requests', async () => {
  const { port: at, refused } = await port()
  const most = httpRatePerAddress.burst
  for (let n = 0; n < 4 * most && refused.length === 0; n++) {
    const socket = await open(at)
    socket.write('GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    socket.resume()
    await new Promise((resolve) => socket.once('close', resolve))
  }
  expect(refused).toEqual(['rate'])
})
