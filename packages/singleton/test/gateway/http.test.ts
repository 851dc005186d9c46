import { request as httpRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fromEncoded, toEncoded } from '@tanist/core'
import { persist, refuse, role } from '../../src/index.js'
import type { JoinOptions, Peer, Schema } from '../../src/index.js'
import { Office } from '../join/office.js'

const numberOf: Schema<{ by: number }> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) =>
      typeof (value as { by?: unknown } | undefined)?.by === 'number'
        ? { value: value as { by: number } }
        : { issues: [{ message: 'a number is wanted', path: ['by'] }] },
  },
}

const till = role('till', {
  state: () => ({ sum: 0, last: '', when: new Map<string, bigint>() }),
  events: {
    paid: (s, e: { by: number; who: string }) => ({
      ...s,
      sum: s.sum + e.by,
      last: e.who,
    }),
  },
  commands: {
    pay: (s, c: { by: number }, on, ctx) =>
      c.by > 0
        ? persist(on.paid({ by: c.by, who: `${ctx.caller.level}/${ctx.caller.user ?? ''}` })).reply(
            (next) => next.sum,
          )
        : refuse({ code: 'not-positive' as const, sum: s.sum }),
    count: (_, c: unknown) =>
      persist().reply(() => (c instanceof Map ? { entries: new Set(c.keys()) } : null)),
    nothing: () => persist(),
    boom: (): never => {
      throw new Error('kaboom')
    },
  },
  schemas: { pay: numberOf },
  open: ['pay'],
})

const safe = role('safe', { state: () => ({ code: 7 }), events: {}, commands: { open: () => persist() } })

let office: Office
let ann: Peer
beforeAll(async () => {
  office = new Office()
  ann = await office.start(options('ann'))
  await ann.joined
})
afterAll(() => office.close())

function options(name: string, more: Partial<JoinOptions> = {}): Partial<JoinOptions> & { name: string } {
  return {
    name,
    roles: [till, safe],
    authenticate: ({ token }) => {
      if (token === null) return {}
      if (token === 'broken') throw new Error('no')
      return token === 'boss' ? { level: 'trusted', user: 'boss' } : token === 'kim' ? { user: 'kim' } : null
    },
    ...more,
  }
}

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, unknown>
  readonly text: string
}

interface Ask {
  readonly method?: string
  readonly body?: unknown
  readonly raw?: string
  readonly headers?: Record<string, string>
  readonly as?: string
  readonly at?: string
}

async function ask(path: string, how: Ask = {}): Promise<Answer> {
  const { body, raw, headers = {}, as, at = ann.address } = how
  const content = raw ?? (body === undefined ? undefined : JSON.stringify(body))
  const response = await fetch(`http://${at}${path}`, {
    method: how.method ?? 'GET',
    headers: {
      ...(content !== undefined && { 'content-type': 'application/json' }),
      ...(as !== undefined && { authorization: `Bearer ${as}` }),
      ...headers,
    },
    ...(content !== undefined && { body: content }),
  })
  const text = await response.text()
  const isJson = text !== '' && response.headers.get('content-type')?.startsWith('application/json') === true
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: isJson ? (JSON.parse(text) as Record<string, unknown>) : {},
  }
}

const post = (path: string, body: unknown, more: Ask = {}): Promise<Answer> =>
  ask(path, { method: 'POST', body, ...more })

describe('commands by HTTP', () => {
  it('run with the level and user of their caller, and nobody can name a user by itself', async () => {
    const out = await post('/roles/till/pay', { by: 1 }, { headers: { 'Tanist-User': 'boss' } })
    expect(out).toMatchObject({ status: 200, body: { ok: true, value: 1, term: 1 } })
    expect(out.body['index']).toBeGreaterThan(0)
    expect((await ann.read(till)).last).toBe('stray/')
    expect(await post('/tanist/roles/till/pay', { by: 1 }, { as: 'kim' })).toMatchObject({ status: 200 })
    expect((await ann.read(till)).last).toBe('stray/kim')
    expect(await post('/roles/till/pay', { by: 1 }, { as: 'boss' })).toMatchObject({ status: 200 })
    expect((await ann.read(till)).last).toBe('trusted/boss')
  })

  it('give the first outcome again for the same id, also when they were refused', async () => {
    const headers = { 'Tanist-Id': 'lamp-17:1' }
    const first = await post('/roles/till/pay', { by: 10 }, { headers })
    const again = await post('/roles/till/pay', { by: 10 }, { headers })
    expect(again.body).toEqual(first.body)
    const refused = await post('/roles/till/pay', { by: 0 }, { headers: { 'Tanist-Id': 'lamp-17:2' } })
    expect(refused).toMatchObject({ status: 409, body: { ok: false, refused: { code: 'not-positive' } } })
    const other = await post('/roles/till/pay', { by: 5 }, { headers: { 'Tanist-Id': 'lamp-17:2' } })
    expect(other.body).toEqual(refused.body)
  })

  it('of strays never meet the ids of members and of those with a token', async () => {
    const before = (await ann.read(till)).sum
    expect(await ann.role(till).pay({ by: 100 }, { id: 'same:1' })).toMatchObject({ status: 'ok' })
    const headers = { 'Tanist-Id': 'same:1' }
    const stray = await post('/roles/till/pay', { by: 10 }, { headers })
    const trusted = await post('/roles/till/pay', { by: 1 }, { headers, as: 'boss' })
    expect([stray.body['value'], trusted.body['value']]).toEqual([before + 110, before + 111])
    // Nor those of the framework.
    expect(await post('/roles/till/pay', { by: 1 }, { headers: { 'Tanist-Id': '~till:1' } })).toMatchObject({
      status: 400,
    })
  })

  it('are refused with the words of the schema', async () => {
    expect(await post('/roles/till/pay', { by: '1' })).toMatchObject({
      status: 400,
      body: { ok: false, reason: 'invalid', issues: [{ message: 'a number is wanted', path: ['by'] }] },
    })
    expect(await ask('/roles/till/pay', { method: 'POST' })).toMatchObject({ status: 400 })
  })

  it('that are not open are for callers with a token of the cluster', async () => {
    for (const as of [undefined, 'kim'])
      expect(await post('/roles/till/nothing', {}, { ...(as !== undefined && { as }) })).toMatchObject({
        status: 403,
        body: { error: expect.stringContaining('not open') as string },
      })
    expect(await post('/roles/till/nothing', {}, { as: 'boss' })).toMatchObject({ status: 200 })
    expect(await post('/roles/till/boom', {}, { as: 'boss' })).toMatchObject({
      status: 500,
      body: { reason: 'threw' },
    })
  })

  it('with a token that is not accepted are refused', async () => {
    expect(await post('/roles/till/pay', { by: 1 }, { as: 'wrong' })).toMatchObject({ status: 401 })
    expect(await post('/roles/till/pay', { by: 1 }, { as: 'broken' })).toMatchObject({ status: 401 })
    const basic = await post('/roles/till/pay', { by: 1 }, { headers: { authorization: 'Basic a2lt' } })
    expect(basic.status).toBe(401)
    expect(basic.headers.get('www-authenticate')).toBe('Bearer')
  })

  it('that are not there are answered with what there is, for those who may know', async () => {
    expect(await post('/roles/nowhere/pay', {}, { as: 'boss' })).toMatchObject({
      status: 404,
      body: { roles: ['till', 'safe'] },
    })
    expect(await post('/roles/nowhere/pay', {})).toMatchObject({ status: 404, body: { roles: ['till'] } })
    expect(await post('/roles/till/steal', {})).toMatchObject({ status: 404, body: { commands: ['pay'] } })
    // Names of every object are no commands.
    for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty'])
      expect(await post(`/roles/till/${name}`, {}, { as: 'boss' })).toMatchObject({ status: 404 })
    expect(await post('/roles/safe/steal', {})).toMatchObject({ status: 404, body: { roles: ['till'] } })
  })

  it('take JSON alone, and what it cannot carry in an envelope', async () => {
    const type = { 'content-type': 'application/x-www-form-urlencoded' }
    expect(await post('/roles/till/pay', { by: 1 }, { headers: type })).toMatchObject({ status: 415 })
    expect(await ask('/roles/till/pay', { method: 'POST', raw: '{"by":' })).toMatchObject({ status: 400 })
    expect(await ask('/roles/till/pay', { method: 'POST', raw: '{"by":1e999}' })).toMatchObject({
      status: 400,
    })
    expect(
      await ask('/roles/till/pay', { method: 'POST', raw: '{"__proto__":{"by":1},"by":1}' }),
    ).toMatchObject({
      status: 400,
    })
    const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`
    expect(await ask('/roles/till/pay', { method: 'POST', raw: deep })).toMatchObject({ status: 400 })
    const envelope = { 'content-type': 'application/vnd.tanist+json' }
    const input = toEncoded(new Map([['a', 1n]]))
    const out = await post('/roles/till/count', input, { as: 'boss', headers: envelope })
    expect(out).toMatchObject({ status: 200 })
    expect(fromEncoded(out.body['encoded'])).toEqual({ entries: new Set(['a']) })
    for (const wrong of [1, {}, { x: 1 }, { s: { json: 1, meta: { v: 1, values: [['custom', 'x']] } } }])
      expect(await post('/roles/till/count', wrong, { as: 'boss', headers: envelope })).toMatchObject({
        status: 400,
      })
  })

  it('have no value where the command gives none, and an envelope where it is asked for', async () => {
    const bare = await post('/roles/till/nothing', {}, { as: 'boss' })
    expect(Object.keys(bare.body).toSorted()).toEqual(['index', 'ok', 'term'])
    const accept = { accept: 'application/vnd.tanist+json' }
    const out = await post('/roles/till/pay', { by: 1 }, { headers: accept })
    expect(out.body).toMatchObject({ encoded: { v: expect.any(Number) as number } })
  })

  it('have a size by the level of their caller', async () => {
    const big = { by: 1, pad: 'x'.repeat(70_000) }
    expect(await post('/roles/till/pay', big)).toMatchObject({ status: 413 })
    expect(await post('/roles/till/pay', big, { as: 'boss' })).toMatchObject({ status: 200 })
    const larger = { by: 1, pad: 'x'.repeat(300_000) }
    expect(await post('/roles/till/pay', larger, { as: 'boss' })).toMatchObject({
      status: 413,
      body: { reason: 'too-large' },
    })
  })

  it('have a deadline', async () => {
    for (const wrong of ['0', '-1', '60001', '1.5', 'soon'])
      expect(
        await post('/roles/till/pay', { by: 1 }, { headers: { 'Tanist-Deadline': wrong } }),
      ).toMatchObject({
        status: 400,
      })
    expect(
      await post('/roles/till/pay', { by: 1 }, { headers: { 'Tanist-Deadline': '2000' } }),
    ).toMatchObject({
      status: 200,
    })
  })

  it('are not sent for a page of somebody else, nor under a name made to point here', async () => {
    const evil = { origin: 'http://evil.example' }
    expect(await post('/roles/till/pay', { by: 1 }, { headers: evil })).toMatchObject({ status: 403 })
    expect(await post('/roles/till/pay', { by: 1 }, { headers: { origin: 'null' } })).toMatchObject({
      status: 403,
    })
    const own = { origin: `http://${ann.address}` }
    expect(await post('/roles/till/pay', { by: 1 }, { headers: own })).toMatchObject({ status: 200 })
    const read = await ask('/manifest', { headers: evil })
    expect(read.status).toBe(200)
    expect(read.headers.get('access-control-allow-origin')).toBeNull()
    expect(await statusWithHost('evil.example:7101')).toBe(421)
    for (const host of ['localhost:1', 'office-pc', 'office-pc.local:7101', '[::1]:7101', '10.0.0.7'])
      expect(await statusWithHost(host)).toBe(200)
  })
})

function statusWithHost(host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = httpRequest(`http://${ann.address}/manifest`, { headers: { host } }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    asked.once('error', reject)
    asked.end()
  })
}

describe('states by HTTP', () => {
  it('are for callers with a token of the cluster', async () => {
    expect(await ask('/roles/safe')).toMatchObject({
      status: 403,
      body: { error: 'The state of safe is not open without a token for trusted callers.' },
    })
    expect(await ask('/roles/safe', { as: 'boss' })).toMatchObject({
      status: 200,
      body: { state: { code: 7 } },
    })
    const rich = await ask('/roles/till', { as: 'boss' })
    expect(fromEncoded(rich.body['encoded'])).toEqual(await ann.read(till))
  })

  it('can be local, and as old as one says', async () => {
    for (const query of [
      'consistency=local',
      'consistency=local&maxStaleMs=1000',
      'consistency=linearizable',
    ])
      expect(await ask(`/roles/safe?${query}`, { as: 'boss' })).toMatchObject({ status: 200 })
    for (const query of ['consistency=none', 'maxStaleMs=5', 'consistency=local&maxStaleMs=-1'])
      expect(await ask(`/roles/safe?${query}`, { as: 'boss' })).toMatchObject({ status: 400 })
  })

  it('show what was just done', async () => {
    const { body } = await post('/roles/till/pay', { by: 1 })
    const state = fromEncoded((await ask('/roles/till', { as: 'boss' })).body['encoded']) as { sum: number }
    expect(state.sum).toBe(body['value'])
  })
})

describe('what a peer says of itself by HTTP', () => {
  it('its manifest: to strays names, addresses and what is open to them, and not how anybody fares', async () => {
    const stray = (await ask('/manifest')).body
    expect(stray).toMatchObject({
      app: 'office',
      versions: { tanist: '0.1.0', client: 1, link: 2 },
      server: { name: 'ann', term: 1 },
      members: [{ name: 'ann', address: ann.address, load: null }],
      connections: null,
      layers: [{ name: 'main', accepts: ['member', 'trusted', 'stray'], secure: false }],
      roles: [{ name: 'till', open: ['pay'] }],
    })
    const trusted = (await ask('/manifest', { as: 'boss' })).body
    expect(trusted).toMatchObject({
      connections: { members: 0, trusted: 0, stray: 0 },
      roles: [
        { name: 'till', open: ['pay'] },
        { name: 'safe', open: [] },
      ],
    })
  })

  it('its health: ready, and alive', async () => {
    expect(await ask('/health')).toMatchObject({ status: 200, body: { ok: true, state: 'serving' } })
    expect(await ask('/health/live')).toMatchObject({ status: 200 })
    const lone = await office.start(options('lone', { seeds: [], expect: 3 }))
    expect(await ask('/health', { at: lone.address })).toMatchObject({
      status: 503,
      body: { ok: false, state: 'joining', waitingFor: lone.status().waitingFor },
    })
    expect(await ask('/health/live', { at: lone.address })).toMatchObject({ status: 200 })
    expect(await post('/roles/till/pay', { by: 1 }, { at: lone.address })).toMatchObject({
      status: 503,
      body: { executed: 'no' },
    })
    await lone.stop()
  })

  it('a page without scripts, in which nothing of others can run', async () => {
    const page = await ask('/')
    expect(page.status).toBe(200)
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'/)
    expect(page.text).toContain('ann')
    expect(page.text).not.toMatch(/<script|https?:\/\/(?!127)/)
  })

  it('other methods and paths with what is right instead', async () => {
    const put = await ask('/manifest', { method: 'PUT' })
    expect([put.status, put.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
    const got = await ask('/roles/till/pay')
    expect([got.status, got.headers.get('allow')]).toEqual([405, 'POST'])
    const asked = await ask('/roles/till/pay', { method: 'OPTIONS' })
    expect([asked.status, asked.headers.get('allow')]).toEqual([204, 'POST'])
    expect((await ask('/manifest', { method: 'HEAD' })).text).toBe('')
    for (const path of [
      '/nothing',
      '/roles/till/pay/more',
      '/%zz',
      '/roles/%2e%2e/pay',
      '//manifest',
      '/tanistx',
    ])
      expect((await ask(path, { method: path.includes('pay') ? 'POST' : 'GET' })).status).toBe(404)
  })
})

describe('the application', () => {
  it('has every path but those below /tanist, when it answers HTTP itself', async () => {
    const bob = await office.start(
      options('bob', { expect: 2, http: (request, response) => response.end(`own ${request.url}`) }),
    )
    await bob.joined
    const at = bob.address
    for (const path of ['/', '/manifest', '/roles/till', '/metrics'])
      expect((await ask(path, { at })).text).toBe(`own ${path}`)
    expect(await ask('/tanist/manifest', { at })).toMatchObject({
      status: 200,
      body: { self: { name: 'bob' } },
    })
    expect((await ask('/tanist', { at })).text).toContain('<!doctype html>')
    // Who is asked passes it on: ann serves.
    expect(await post('/tanist/roles/till/pay', { by: 1 }, { at })).toMatchObject({ status: 200 })
    await bob.stop()
  })
})

describe('a peer that stops', () => {
  it('answers what was asked before, and sends everybody else on', async () => {
    const cy = await office.start(options('cy', { expect: 2 }))
    await cy.joined
    const at = cy.address
    const stopped: Promise<void>[] = []
    const answers: Answer[] = []
    const caller = async (): Promise<void> => {
      for (;;) {
        const answer = await post('/roles/till/pay', { by: 1 }, { at }).catch(() => null)
        // A closed port: whoever connects now knows that nothing was done.
        if (answer === null) return
        answers.push(answer)
        if (answer.status !== 200) return
        if (answers.length > 20 && stopped.length === 0) stopped.push(cy.stop())
      }
    }
    await Promise.all([caller(), caller(), caller(), caller()])
    await Promise.all(stopped)
    expect(stopped).toHaveLength(1)
    for (const { status, body, headers } of answers.filter((answer) => answer.status !== 200)) {
      expect([status, body['executed'], body['elsewhere']]).toEqual([503, 'no', [`http://${ann.address}`]])
      expect(headers.get('location')).toBe(`http://${ann.address}`)
    }
  })
})
