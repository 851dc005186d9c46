import { createServer as createHttp } from 'node:http'
import { createServer, type Server, type Socket } from 'node:net'
import { once } from 'node:events'
import { beforeAll, describe, expect, it } from 'vitest'
import { child, compile } from '../support/child.js'
import { dialling, later, listening, pause, quietHost } from '../support/peers.js'

async function bound(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  later(() => void server.close())
  const at = server.address()
  return `127.0.0.1:${at !== null && typeof at === 'object' ? at.port : 0}`
}

/** A plain TCP server: what `caller` does is all that a dialler sees. */
function tcp(caller: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  later(() => {
    for (const socket of sockets) socket.destroy()
  })
  return bound(
    createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => undefined)
      caller(socket)
    }),
  )
}

describe('a dial', () => {
  it('ends as reset when it is accepted and dropped', async () => {
    const drop = await tcp((socket) => void socket.resetAndDestroy())
    const hangUp = await tcp((socket) => void socket.end())
    expect(await dialling(quietHost(), drop).ending()).toEqual({ kind: 'reset' })
    expect(await dialling(quietHost(), hangUp).ending()).toEqual({ kind: 'reset' })
  })

  it('of somebody who may be dead says nothing before the other host had time to reset it', async () => {
    let said = 0
    const dying = await tcp((socket) => {
      socket.on('data', ({ length }) => void (said += length))
      setTimeout(() => socket.resetAndDestroy(), 1)
    })
    expect(await dialling(quietHost(), dying, { doubted: true }).ending()).toEqual({ kind: 'reset' })
    expect(said).toBe(0)
    const alive = await listening()
    await dialling(quietHost(), alive.address, { doubted: true }).opening()
  })

  it('ends as timeout when a connection is all that comes', async () => {
    const silent = await tcp(() => undefined)
    expect(await dialling(quietHost(), silent).ending()).toEqual({ kind: 'timeout' })
  })

  it('says so when something else listens there', async () => {
    const web = await bound(createHttp((_request, response) => response.end('hello')))
    const noise = await tcp((socket) => void socket.write('SSH-2.0-OpenSSH_9.6\r\n'))
    for (const address of [web, noise]) {
      expect(await dialling(quietHost(), address).ending()).toMatchObject({
        kind: 'rejected',
        code: 'protocol',
        text: expect.stringContaining(`What listens at ${address} is no Tanist peer`),
      })
    }
  })

  it('ends as unreachable for what is no address', async () => {
    for (const address of ['nonsense', '127.0.0.1', '127.0.0.1:99999', '127.0.0.1:0', '']) {
      const ear = dialling(quietHost(), address)
      expect(ear.end).toBeUndefined()
      expect(await ear.ending()).toEqual({ kind: 'unreachable' })
    }
  })

  it('can be given up at once, and during the handshake', async () => {
    const peer = await listening()
    const ear = dialling(quietHost(), peer.address)
    ear.link.close()
    expect(ear.end).toBeUndefined()
    expect(await ear.ending()).toEqual({ kind: 'local' })
    const silent = await tcp(() => undefined)
    const waiting = dialling(quietHost(), silent)
    await pause(50)
    waiting.link.close()
    expect(await waiting.ending()).toEqual({ kind: 'local' })
    await pause(20)
    expect(peer.accepted).toEqual([])
    expect(waiting.happened).toEqual(['closed'])
  })
})

describe('a peer in another process', () => {
  beforeAll(compile)

  it('that is killed ends its links as remote, and a redial is refused', async () => {
    const other = await child('listen', '127.0.0.1:0')
    const ear = dialling(quietHost(), other.said)
    await ear.opening()
    ear.link.send(Buffer.from('echo'))
    await ear.until(({ frames }) => frames.length === 1)
    other.kill('SIGKILL')
    expect(await ear.ending()).toMatchObject({ kind: 'remote' })
    const ends: string[] = []
    for (let i = 0; i < 20 && ends.at(-1) !== 'refused'; i += 1) {
      ends.push((await dialling(quietHost(), other.said).ending()).kind)
    }
    expect(ends.at(-1)).toBe('refused')
  })

  it('that is frozen is neither refused nor open: the dial times out', async () => {
    const other = await child('listen', '127.0.0.1:0')
    other.kill('SIGSTOP')
    expect(await dialling(quietHost(), other.said).ending()).toEqual({ kind: 'timeout' })
    other.kill('SIGCONT')
    await dialling(quietHost(), other.said).opening()
  })

  it('that is frozen does not hold up our own close', { timeout: 15_000 }, async () => {
    const other = await child('listen', '127.0.0.1:0')
    const ear = dialling(quietHost(), other.said)
    await ear.opening()
    other.kill('SIGSTOP')
    ear.link.close('leaving')
    expect(await ear.ending()).toEqual({ kind: 'local' })
  })
})

describe('a listener', () => {
  it('says what to do when its port is in use', async () => {
    const peer = await listening()
    const port = peer.address.split(':')[1]
    await expect(listening({}, peer.address)).rejects.toThrow(
      `in-use: Port ${port} on 127.0.0.1 is in use; stop`,
    )
  })

  it('says what is wrong with an address it cannot have', async () => {
    await expect(listening({}, '192.0.2.1:0')).rejects.toThrow(/not-allowed: .* has no such address/)
    await expect(listening({}, 'here')).rejects.toThrow(/not-allowed: .*write an address as host:port/)
  })
})
