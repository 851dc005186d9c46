import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call, Fleet, until } from './processes.js'
import type { Reply } from './processes.js'

describe('the HTTP side of a register process', () => {
  let fleet: Fleet

  beforeAll(async () => {
    fleet = await Fleet.started(3)
  })
  afterAll(() => fleet.end())

  const at = (i: number): string => fleet.addresses[i % 3] ?? ''
  const post = (key: string, body: unknown, i = 0): Promise<Reply> =>
    call(at(i), 'POST', `/v1/registers/${key}`, body)
  const get = (key: string, i = 0): Promise<Reply> => call(at(i), 'GET', `/v1/registers/${key}`)

  it('puts, and every member reads what was put', async () => {
    const value = { text: 'ä€😀', list: [1, null, { constructor: 'x', __proto__: 1 }] }
    const put = await post('a%20key', { op: 'put', value })
    expect(put).toMatchObject({ status: 200, body: { ok: true, value } })
    expect(put.body['term']).toBeGreaterThan(0)
    expect(put.body['index']).toBeGreaterThan(0)
    for (const i of [0, 1, 2]) {
      expect(await get('a%20key', i)).toMatchObject({ status: 200, body: { ok: true, value } })
      const local = await call(at(i), 'GET', '/v1/registers/a%20key?consistency=local')
      expect(local).toMatchObject({ status: 200, body: { ok: true, value } })
    }
  })

  it('keeps names that mean something to JavaScript', async () => {
    const raw = {
      type: 'application/json',
      text: '{"op":"put","value":{"__proto__":{"a":1},"constructor":2}}',
    }
    for (const key of ['__proto__', 'constructor', 'toString']) {
      expect((await get(key)).status).toBe(404)
      expect((await call(at(0), 'POST', `/v1/registers/${key}`, undefined, { raw })).status).toBe(200)
      const { body } = await get(key, 1)
      expect(JSON.stringify(body['value'])).toBe('{"__proto__":{"a":1},"constructor":2}')
    }
  })

  it('gives every put a journal position of its own, also one that changes nothing', async () => {
    const first = await post('same', { op: 'put', value: 1 }, 0)
    const second = await post('same', { op: 'put', value: 1 }, 1)
    expect(Number(second.body['index'])).toBeGreaterThan(Number(first.body['index']))
  })

  it('adds from 0, by fractions and downwards, and refuses to add to what is no number', async () => {
    expect((await post('sum', { op: 'add', by: 2 }, 0)).body).toMatchObject({ ok: true, value: 2 })
    expect((await post('sum', { op: 'add', by: -0.5 }, 1)).body).toMatchObject({ ok: true, value: 1.5 })
    await post('word', { op: 'put', value: 'x' })
    for (const i of [0, 1, 2]) {
      const reply = await post('word', { op: 'add', by: 1 }, i)
      expect(reply).toEqual(
        expect.objectContaining({
          status: 409,
          body: { ok: false, refused: 'The register holds something that is not a number.' },
        }),
      )
    }
    await post('huge', { op: 'put', value: 1.7e308 })
    expect((await post('huge', { op: 'add', by: 1.7e308 })).status).toBe(409)
    expect((await get('huge')).body['value']).toBe(1.7e308)
  })

  it('compares and sets by value, whatever the order of names', async () => {
    expect((await post('cas', { op: 'cas', from: 0, to: 1 })).status).toBe(409)
    expect((await get('cas')).status).toBe(404)
    const from = { a: 1, b: [2, { c: 3, d: 4 }] }
    const same = { b: [2, { d: 4, c: 3 }], a: 1 }
    expect((await post('cas', { op: 'cas', from: null, to: from })).body).toMatchObject({ value: from })
    expect((await post('cas', { op: 'cas', from: same, to: 'next' }, 1)).body).toMatchObject({
      value: 'next',
    })
    expect((await post('cas', { op: 'cas', from: same, to: 'other' }, 2)).status).toBe(409)
  })

  it('answers a repeated id with the first outcome and its position, at any member', async () => {
    const first = await post('once', { op: 'add', by: 5, id: 'client:1' }, 0)
    for (const i of [0, 1, 2]) {
      const again = await post('once', { op: 'add', by: 5, id: 'client:1' }, i)
      expect(again.body).toEqual(first.body)
    }
    expect((await get('once')).body['value']).toBe(5)
  })

  it('answers a repeated id of a refused command with the same refusal, also when it would do now', async () => {
    const command = { op: 'cas', from: 1, to: 2, id: 'client:2' }
    const first = await post('refused', command, 0)
    expect(first.status).toBe(409)
    await post('refused', { op: 'put', value: 1 })
    const again = await post('refused', command, 1)
    expect(again.status).toBe(409)
    expect(again.body).toEqual(first.body)
  })

  it('answers many requests at once over kept connections', async () => {
    const replies = await Promise.all(
      Array.from({ length: 600 }, (_, i) => post('many', { op: 'add', by: 1, id: `many-${i}:1` }, i)),
    )
    expect(new Set(replies.map(({ body }) => body['value'])).size).toBe(600)
    expect((await get('many', 2)).body['value']).toBe(600)
  })

  it('shows in its status exactly the documented fields', async () => {
    const status = await call(at(0), 'GET', '/v1/status')
    expect(status.status).toBe(200)
    expect(Object.keys(status.body)).toEqual(
      'self mode role server successors term commitIndex lastIndex members waitingFor'.split(' '),
    )
    const members = status.body['members'] as object[]
    expect(members).toHaveLength(3)
    for (const member of members) {
      expect(Object.keys(member)).toEqual('id name address incarnation seniority voter reachable'.split(' '))
    }
    expect(status.body['mode']).toBe('consistent')
    expect(status.body['successors']).toHaveLength(2)
    expect(status.body['waitingFor']).toBeNull()
  })

  it('answers a register that was never written with 404', async () => {
    expect(await get('never')).toMatchObject({ status: 404, body: { ok: false } })
    expect((await call(at(1), 'GET', '/v1/registers/never?consistency=local')).status).toBe(404)
  })

  const longest = 'k'.repeat(200)
  it('takes keys of up to 200 characters and no longer ones', async () => {
    expect((await post(longest, { op: 'put', value: 1 })).status).toBe(200)
    expect((await post(encodeURIComponent('😀'.repeat(200)), { op: 'put', value: 1 })).status).toBe(200)
    expect((await post('a%2Fb', { op: 'put', value: 1 })).status).toBe(200)
    for (const key of [`${longest}k`, '', '%zz', '%ff', 'a/b']) {
      expect(await post(key, { op: 'put', value: 1 })).toMatchObject({ status: 400, body: { ok: false } })
      expect((await get(key)).status).toBe(400)
    }
  })

  it('takes values of up to 65,536 bytes and 64 levels and no bigger ones', async () => {
    const long = (length: number): string => 'x'.repeat(length - 2)
    const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels))
    expect((await post('big', { op: 'put', value: long(65_536) })).status).toBe(200)
    expect((await get('big', 1)).body['value']).toBe(long(65_536))
    expect((await post('big', { op: 'put', value: long(65_537) })).body['error']).toContain('65536')
    expect((await post('big', { op: 'put', value: long(1_000_000) })).status).toBe(400)
    expect((await post('deep', { op: 'put', value: nested(64) })).status).toBe(200)
    expect((await post('deep', { op: 'put', value: nested(65) })).body['error']).toContain('64 levels')
    const text = `{"op":"put","value":${'['.repeat(60_000)}${']'.repeat(60_000)}}`
    const raw = { type: 'application/json', text }
    expect((await call(at(0), 'POST', '/v1/registers/deep', undefined, { raw })).status).toBe(400)
  })

  it.each([
    ['{"op":"put"', 'not valid JSON'],
    ['[]', 'a JSON object'],
    ['null', 'a JSON object'],
    ['{}', '"op" is missing'],
    ['{"op":"delete"}', '"put", "cas" and "add"'],
    ['{"op":"put"}', '"value"'],
    ['{"op":"put","value":1,"Id":"a:1"}', '"Id"'],
    ['{"op":"put","value":1e999}', 'out of range'],
    ['{"op":"cas","to":1}', '"from"'],
    ['{"op":"cas","from":1}', '"to"'],
    ['{"op":"add"}', '"by"'],
    ['{"op":"add","by":"1"}', '"by" is "1"'],
    ['{"op":"add","by":1e999}', '"by"'],
    ['{"op":"add","by":1,"id":"a"}', 'CLIENT:SEQ'],
    ['{"op":"add","by":1,"id":"a:0"}', 'CLIENT:SEQ'],
    ['{"op":"add","by":1,"id":"a:01"}', 'CLIENT:SEQ'],
    ['{"op":"add","by":1,"id":":1"}', 'CLIENT:SEQ'],
    ['{"op":"add","by":1,"id":"a:99999999999999999999"}', 'CLIENT:SEQ'],
    ['{"op":"add","by":1,"id":7}', 'CLIENT:SEQ'],
  ])('answers the body %s with 400 and a sentence', async (text, says) => {
    const raw = { type: 'application/json', text }
    const reply = await call(at(0), 'POST', '/v1/registers/bad', undefined, { raw })
    expect(reply).toMatchObject({ status: 400, body: { ok: false } })
    expect(reply.body['error']).toContain(says)
    expect((await get('bad')).status).toBe(404)
  })

  it('takes JSON whatever it is called, as programs send it', async () => {
    const raw = { type: 'application/x-www-form-urlencoded', text: '{"op":"put","value":1}' }
    const reply = await call(at(0), 'POST', '/v1/registers/plain', undefined, { raw })
    expect(reply).toMatchObject({ status: 200, body: { ok: true, value: 1 } })
  })

  it('answers other consistencies, paths and methods with a sentence', async () => {
    expect((await call(at(0), 'POST', '/v1/registers/x')).status).toBe(400)
    const odd = await call(at(0), 'GET', '/v1/registers/x?consistency=eventual')
    expect(odd).toMatchObject({
      status: 400,
      body: { error: expect.stringContaining('linearizable and local') },
    })
    expect((await call(at(0), 'GET', '/v2/registers/x')).status).toBe(404)
    expect((await call(at(0), 'DELETE', '/v1/registers/x')).status).toBe(405)
    expect((await call(at(0), 'GET', '/v1/leave')).status).toBe(405)
    const nobody = await call(at(0), 'POST', '/v1/transfer', { to: 'nobody' })
    expect(nobody).toMatchObject({
      status: 400,
      body: { error: expect.stringContaining('one member; there are') },
    })
    expect((await call(at(0), 'POST', '/v1/transfer', { to: 7 })).status).toBe(400)
    expect((await call(at(0), 'POST', '/v1/transfer', { from: 'a' })).status).toBe(400)
  })
})

describe('a peer that has no cluster yet', () => {
  it('answers 503 and says for whom it waits', async () => {
    const fleet = await Fleet.of(1, ['--expect', '3'])
    try {
      const [peer] = fleet.peers
      peer?.start()
      const address = peer?.address ?? ''
      await until('an answer', async () => (await call(address, 'GET', '/v1/status')).status === 200)
      const status = await call(address, 'GET', '/v1/status')
      expect(status.body).toMatchObject({ server: null, members: [] })
      expect(status.body['waitingFor']).toMatch(/^Waiting for 3 peers to be in sight/)
      const unavailable = {
        ok: false,
        unavailable: expect.stringContaining('Waiting for 3 peers') as string,
        since: expect.any(Number) as number,
        executed: 'no',
      }
      for (const [method, path, body] of [
        ['POST', '/v1/registers/x', { op: 'put', value: 1 }],
        ['GET', '/v1/registers/x', undefined],
        ['GET', '/v1/registers/x?consistency=local', undefined],
        ['POST', '/v1/transfer', undefined],
      ] as const) {
        const reply = await call(address, method, path, body)
        expect(reply.status).toBe(503)
        expect(reply.body).toEqual(unavailable)
      }
      peer?.kill('SIGTERM')
      expect(await peer?.exit).toMatchObject({ code: 0 })
    } finally {
      await fleet.end()
    }
  })
})
