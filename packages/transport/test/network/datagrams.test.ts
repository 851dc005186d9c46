import { describe, expect, it } from 'vitest'
import type { DatagramSocket } from '@tanist/core'
import { later, memoryLog, quietHost } from '../support/peers.js'

interface Bound {
  readonly socket: DatagramSocket
  readonly address: string
  readonly log: ReturnType<typeof memoryLog>
  next(): Promise<{ text: string; from: string }>
}

async function bound(at = '127.0.0.1:0'): Promise<Bound> {
  const { datagrams, log } = quietHost()
  const got: { text: string; from: string }[] = []
  const wakes: (() => void)[] = []
  const result = await new Promise<{ socket: DatagramSocket; address: string }>((resolve, reject) => {
    const socket = datagrams.bind(at, {
      listening: (address) => resolve({ socket, address }),
      message: (bytes, from) => {
        got.push({ text: Buffer.from(bytes).toString(), from })
        for (const wake of wakes.splice(0)) wake()
      },
      failed: (failure) => reject(new Error(`${failure.code}: ${failure.text}`)),
    })
    later(() => socket.close())
  })
  const next = async (): Promise<{ text: string; from: string }> => {
    for (;;) {
      const first = got.shift()
      if (first !== undefined) return first
      await new Promise<void>((resolve) => wakes.push(resolve))
    }
  }
  return { ...result, log, next }
}

describe('datagrams', () => {
  it('of more than 1,200 bytes are dropped with a log line', async () => {
    const [one, other] = [await bound(), await bound()]
    one.socket.send(new Uint8Array(1_201), other.address)
    one.socket.send(new Uint8Array(1_200).fill(97), other.address)
    expect((await other.next()).text).toBe('a'.repeat(1_200))
    expect(one.log.lines.map(({ event }) => event)).toEqual(['datagram-too-long'])
  })

  it('to no address are dropped, never thrown', async () => {
    const [one, other] = [await bound(), await bound()]
    for (const to of ['', 'nonsense', '127.0.0.1:0', '[::1]:9']) one.socket.send(Buffer.from('x'), to)
    one.socket.send(Buffer.from('after'), other.address)
    expect((await other.next()).text).toBe('after')
  })

  it('say when their port is in use', async () => {
    const one = await bound()
    await expect(bound(one.address)).rejects.toThrow(/^in-use: Port \d+ on 127\.0\.0\.1 is in use/)
    await expect(bound('nowhere')).rejects.toThrow(/^not-allowed/)
  })

  it('end quietly with their socket', async () => {
    const one = await bound()
    one.socket.close()
    one.socket.close()
    one.socket.send(Buffer.from('x'), one.address)
    expect(one.log.lines).toEqual([])
  })
})
