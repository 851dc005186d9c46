import { describe, expect, it } from 'vitest'
import { startPeer } from '@tanist/singleton'
import { board } from './raw.js'

describe('a peer without a secret', () => {
  it('opens no layer beyond loopback on which everybody would be trusted', async () => {
    const layers = [{ name: 'public', listen: '192.0.2.7:0' }]
    const started = startPeer({
      app: 'open',
      roles: [board],
      listen: '127.0.0.1:0',
      discovery: false,
      layers,
    })
    await expect(started).rejects.toMatchObject({
      code: 'option',
      message: expect.stringMatching(
        /^The option layers\[0\]\.listen is "192\.0\.2\.7:0" and the option secret is empty/,
      ),
    })
  })
})
