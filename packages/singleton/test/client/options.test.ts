import { describe, expect, it } from 'vitest'
import { connect, startClient } from '../../src/index.js'
import type { ConnectOptions } from '../../src/index.js'
import { board } from '../gateway/raw.js'

const right = { app: 'right', addresses: ['127.0.0.1:1'], log: { write: () => {} } }

describe('an option of connect() that cannot be', () => {
  it.each([
    [{ app: 'No spaces' }, 'app', '1 to 64 lower-case letters'],
    [{ app: undefined }, 'app', '1 to 64 lower-case letters'],
    [{ addresses: 'a:1' }, 'addresses', "a list of 'host:port'"],
    [{ addresses: ['a:0'] }, 'addresses', 'a port from 1 to 65535'],
    [{ addresses: ['http://a:1'] }, 'addresses', 'a port from 1 to 65535'],
    [{ addresses: [] }, 'addresses', "a list of one 'host:port' at least"],
    [{ roles: board }, 'roles', 'a list of what role(...) returned'],
    [{ roles: [board, null] }, 'roles[1]', 'what role(...) returned'],
    [{ roles: [board, board] }, 'roles', "two roles called 'board'"],
    [{ name: '' }, 'name', '1 to 200 characters'],
    [{ level: 'member' }, 'level', "'trusted' or 'stray'"],
    [{ token: 'x'.repeat(4_097) }, 'token', '1 to 4096 characters'],
    [{ session: 'mine' }, 'session', '32 hexadecimal digits'],
    [{ bufferMax: -1 }, 'bufferMax', 'a whole number, 0 or more'],
    [{ bufferBytes: 1.5 }, 'bufferBytes', 'a whole number, 0 or more'],
    [{ reconnect: 5_000 }, 'reconnect', 'an object'],
    [{ reconnect: { maxMS: 5 } }, 'reconnect', 'firstMs, baseMs, maxMs, stableMs, silenceMs'],
    [{ reconnect: { baseMs: 0 } }, 'reconnect.baseMs', 'milliseconds from 1 to 86400000'],
    [{ reconnect: { silenceMs: Infinity } }, 'reconnect.silenceMs', 'milliseconds from 1 to 86400000'],
    [{ reconnect: { baseMs: 500, maxMs: 400 } }, 'reconnect.maxMs', 'at least reconnect.baseMs'],
    [{ secret: 'short' }, 'secret', '16 characters'],
    [{ secret: 5 }, 'secret', 'a text, or a list of texts'],
    [{ secret: [null] }, 'secret', 'a text, or a list of texts'],
    [{ discovery: true }, 'discovery', 'false or an object'],
    [{ discovery: { port: 0 } }, 'discovery.port', '1 to 65535'],
  ])('%j is refused with its name and what is allowed', async (wrong, option, allowed) => {
    const options = { ...right, ...wrong } as unknown as ConnectOptions
    const error: unknown = await connect(options).catch((one: unknown) => one)
    expect(error).toMatchObject({ name: 'ConnectError', code: 'option' })
    const { message } = error as Error
    expect(message).toMatch(new RegExp(`^(The option )?"?${option.replace(/[[\].]/g, '\\$&')}"? .*\\.$`, 's'))
    expect(message).toContain(allowed)
    expect(() => startClient(options)).toThrow(message)
  })

  it('is not told with what is secret in it', async () => {
    const secrets = [{ secret: 'short-secret' }, { token: `token${'x'.repeat(5_000)}` }]
    for (const wrong of secrets) {
      const error: unknown = await connect({ ...right, ...wrong }).catch((one: unknown) => one)
      expect((error as Error).message).not.toMatch(/short-secret|xxx/)
    }
  })
})
