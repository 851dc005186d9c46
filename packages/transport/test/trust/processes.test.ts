import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import { parseFrame } from '../../src/trust/frames.js'
import { compile } from '../support/child.js'
import { dialling, later, listening, quietHost } from '../support/peers.js'
import type { Peer } from '../support/peers.js'

interface Dialled {
  readonly kind: string
  readonly code?: string
  readonly text?: string
}

/** A process of its own dials, and says how it ended. */
async function dialFromAfar(peer: Peer, app: string, secret: string): Promise<Dialled> {
  const program = fileURLToPath(new URL('../support/child.mjs', import.meta.url))
  const child = spawn(process.execPath, [program, 'dial', peer.address, app, secret], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  later(() => void child.kill('SIGKILL'))
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  return JSON.parse(String(line)) as Dialled
}

describe('a process that does not belong', () => {
  beforeAll(compile)

  it.each([
    ['another secret', 'shop', 'another secret for tests', 'secret', /secret differs/, /secret differs/],
    [
      'another application',
      'board',
      'a secret for tests',
      'application',
      /This is application "shop"; you asked for "board"/,
      /This is application "shop"; the peer at 127\.0\.0\.1:\d+ asked for "board"/,
    ],
  ])(
    'with %s is told so, and so is the other side, whose links go on',
    async (_, app, secret, code, told, said) => {
      const peer = await listening()
      const friend = dialling(quietHost(), peer.address)
      await friend.opening()
      expect(await dialFromAfar(peer, 'shop', 'a secret for tests')).toEqual({ kind: 'opened' })
      const end = await dialFromAfar(peer, app, secret)
      expect(end).toMatchObject({ kind: 'rejected', code, text: expect.stringMatching(told) })
      expect(peer.log.lines.map(({ text }) => text)).toEqual([expect.stringMatching(said)])
      const inner = await peer.nextAccepted()
      friend.link.send(Buffer.from('undisturbed'))
      await inner.until(({ frames }) => frames.length === 1)
      expect(peer.accepted.length).toBe(2)
    },
  )

  it('of version 1 is told so when it is dialled', async () => {
    const heard: unknown[] = []
    const old = new WebSocketServer({ host: '127.0.0.1', port: 0, path: '/tanist/v1/link' })
    later(() => old.close())
    old.on('connection', (ws) =>
      ws.once('message', (data: Buffer) => {
        heard.push(parseFrame(data.toString()))
        const text = 'This peer speaks version 1 of the link protocol; you speak version 2.'
        ws.send(JSON.stringify({ reject: 'version', text }))
        ws.close()
      }),
    )
    await once(old, 'listening')
    const at = old.address()
    const address = `127.0.0.1:${typeof at === 'object' && at !== null ? at.port : 0}`
    const end = await dialling(quietHost(), address).ending()
    expect(end).toMatchObject({
      kind: 'rejected',
      code: 'version',
      text: `The peer at ${address} refused the link (version): This peer speaks version 1 of the link protocol; you speak version 2.`,
    })
    expect(heard).toEqual([expect.objectContaining({ kind: 'hello', app: 'shop', proof: null })])
  })
})
