import { describe, expect, it } from 'vitest'
import { jsonLog, nodeHost } from '../../src/index.js'
import { formatAddress, parseAddress } from '../../src/node-host/address.js'
import { pause, quietHost } from '../support/peers.js'

describe('the clock', () => {
  it('reads both clocks', () => {
    const { clock } = quietHost()
    const [first, second] = [clock.now(), clock.now()]
    expect(second.monotonicMs).toBeGreaterThanOrEqual(first.monotonicMs)
    expect(Math.abs(first.wallMs - Date.now())).toBeLessThan(60_000)
  })
})

function written(data?: Record<string, unknown>): unknown {
  const lines: string[] = []
  jsonLog({ write: (line) => void lines.push(line) }).write('warn', 'it-happened', 'Some\nthing.', data)
  expect(lines).toEqual([expect.stringMatching(/^[^\n]*\n$/)])
  return JSON.parse(lines.join(''))
}

describe('the log', () => {
  it('writes one JSON object a line', () => {
    const line = written({ peer: 'a', count: 3 })
    expect(Object.keys(Object(line))).toEqual(['time', 'level', 'event', 'text', 'peer', 'count'])
    expect(line).toMatchObject({
      level: 'warn',
      event: 'it-happened',
      text: 'Some\nthing.',
      peer: 'a',
      count: 3,
    })
  })

  it('survives what JSON cannot hold', () => {
    const cycle: Record<string, unknown> = { name: 'cycle' }
    cycle.self = cycle
    const error = Object.assign(new Error('no', { cause: new Error('root') }), { code: 'ENOENT' })
    const line = written({
      cycle,
      big: 10n,
      error,
      bytes: new Uint8Array(3),
      map: new Map([['a', 1]]),
      fn: () => 1,
    })
    expect(line).toMatchObject({
      cycle: { name: 'cycle', self: '[cycle]' },
      big: '10',
      error: { message: 'no', code: 'ENOENT', cause: { message: 'root' } },
      bytes: '[3 bytes]',
      map: [['a', 1]],
    })
    const hostile = {
      get bad(): never {
        throw new Error('trap')
      },
    }
    expect(written(hostile)).toMatchObject({
      event: 'it-happened',
      dataError: expect.stringContaining('trap'),
    })
  })

  it('does not let data pass for the event', () => {
    expect(written({ level: 'debug', time: 'never' })).toMatchObject({
      level: 'warn',
      time: expect.stringMatching(/Z$/),
    })
  })

  it('leaves out what is below its level', () => {
    const lines: string[] = []
    const log = jsonLog({ level: 'warn', write: (line) => void lines.push(line) })
    for (const level of ['debug', 'info', 'warn', 'error'] as const) log.write(level, level, '')
    expect(lines).toHaveLength(2)
  })
})

describe('the engine of a host', () => {
  it('runs turns, never inside wake, and logs one that fails', async () => {
    const { engine, log } = quietHost()
    const happened: string[] = []
    engine
      .cell('bad', () => {
        throw new Error('oops')
      })
      .wake()
    engine.cell('good', () => void happened.push('turn')).wake()
    expect(happened).toEqual([])
    await pause(20)
    expect(happened).toEqual(['turn'])
    expect(log.lines).toEqual([expect.objectContaining({ level: 'error', event: 'turn-failed' })])
  })
})

describe('addresses', () => {
  it('are split and joined', () => {
    expect(parseAddress('127.0.0.1:7101')).toEqual({ host: '127.0.0.1', port: 7101 })
    expect(parseAddress('[::1]:7101')).toEqual({ host: '::1', port: 7101 })
    expect(parseAddress('my-host.local:1')).toEqual({ host: 'my-host.local', port: 1 })
    for (const wrong of ['', ':1', 'a:', '::1:1', 'a:65536', 'a:-1', 'a b:1', 'a:1/x']) {
      expect(parseAddress(wrong)).toBeUndefined()
    }
    expect(formatAddress('::ffff:10.0.0.1', 1)).toBe('10.0.0.1:1')
    expect(formatAddress('fe80::1', 1)).toBe('[fe80::1]:1')
  })
})

describe('nodeHost', () => {
  it('refuses a name that no peer could send', () => {
    expect(() => nodeHost({ app: '', secret: '' })).toThrow(/1 to 256/)
    expect(() => nodeHost({ app: 'ü'.repeat(129), secret: '' })).toThrow(/258 bytes/)
  })
})
