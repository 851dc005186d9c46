import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join as path } from 'node:path'
import { describe, expect, it } from 'vitest'
import { defaultsOf } from '../../src/defaults.js'
import { newSecret, startPeer } from '../../src/index.js'
import type { JoinOptions } from '../../src/index.js'

const guarded = { guarded: true, ownHost: false }
const open = { guarded: false, ownHost: false }

describe('where a peer listens and whether it looks around, when nothing is given', () => {
  it('on all networks with a secret, on loopback alone without one', () => {
    expect(defaultsOf({}, guarded)).toEqual({ listen: '0.0.0.0:0', discovers: true })
    expect(defaultsOf({}, open)).toEqual({ listen: '127.0.0.1:0', discovers: false })
  })

  it('the environment takes the place of the default, and turns nothing on', () => {
    const env = { TANIST_LISTEN: '127.0.0.1:0', TANIST_DISCOVERY: 'off' }
    expect(defaultsOf(env, guarded)).toEqual({ listen: '127.0.0.1:0', discovers: false })
    expect(defaultsOf({ TANIST_DISCOVERY: 'on' }, open).discovers).toBe(false)
  })

  it('in another world nothing of this machine counts', () => {
    const none = { listen: '127.0.0.1:0', discovers: false }
    expect(defaultsOf({ TANIST_LISTEN: '0.0.0.0:1' }, { guarded: true, ownHost: true })).toEqual(none)
  })
})

describe('an option that cannot be', () => {
  const folder = path(tmpdir(), 'tanist-never-made')
  const refused = (discovery: unknown): Promise<unknown> => {
    const options = {
      app: 'wrong',
      secret: newSecret(),
      roles: [],
      data: folder,
      listen: '127.0.0.1:0',
      discovery,
    }
    return startPeer(options as JoinOptions).then(
      () => null,
      (error: unknown) => error,
    )
  }

  it('heap: anything but two words is refused with a sentence', async () => {
    const error = await startPeer({ app: 'defaults', roles: [], heap: 'big' as 'small' }).catch(
      (thrown: unknown) => thrown,
    )
    expect(error).toMatchObject({
      code: 'option',
      message: expect.stringMatching(/heap .*'small' or 'node'/) as string,
    })
  })

  it.each([
    [{ port: 0 }, /discovery\.port.* 1 to 65535/],
    [{ sweep: 'yes' }, /discovery\.sweep.* true or false/],
    [{ ranges: ['10.0.0.0/8:1'] }, /discovery\.ranges.* 1024 addresses at most/],
    [{ interfaces: { include: [''] } }, /discovery\.interfaces\.include/],
    [true, /discovery is true; allowed is false or an object/],
  ])('discovery: %j is refused with a sentence', async (discovery, sentence) => {
    expect(await refused(discovery)).toMatchObject({
      code: 'option',
      message: expect.stringMatching(sentence) as string,
    })
  })
})

describe('the environment of these tests', () => {
  it('keeps a peer with a secret and no settings on loopback, and has it look for nobody', async () => {
    const data = mkdtempSync(path(tmpdir(), 'tanist-defaults-'))
    const log = { write: () => {} }
    const peer = await startPeer({ app: 'quiet', secret: newSecret(), roles: [], data, log })
    try {
      expect(peer.address).toMatch(/^127\.0\.0\.1:\d+$/)
      expect(peer.status().discovery).toBeNull()
    } finally {
      await peer.stop()
      rmSync(data, { recursive: true, force: true })
    }
  })
})
