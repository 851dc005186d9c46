import { describe, expect, it } from 'vitest'
import { encodeFrame } from '@tanist/core'
import { signToken } from '../../src/gateway/index.js'
import { worldKeys } from '../../src/testing/desks.js'
import { aHello, Hall } from './raw.js'

describe('the first words of a client', () => {
  it('a hello is answered with who the member is, who serves, and where else to go', () => {
    const hall = new Hall({ peers: 3 })
    const welcome = hall.client('trusted', { to: 'bob' }).last('welcome')
    expect(welcome).toMatchObject({ protocol: 1, member: { name: 'bob' }, level: 'trusted', user: null })
    expect(welcome?.view.server?.name).toBe(hall.server)
    expect(welcome?.view.successor?.name).toBe(hall.followers[0])
    const told = welcome?.view.members.map(({ name, address }) => `${name} ${address}`)
    expect(told?.toSorted()).toEqual(['ann ann:1', 'bob bob:1', 'cy cy:1'])
    expect(welcome?.committed).toBeGreaterThan(0)
  })

  it.each([
    [
      'another application',
      { ...aHello, app: 'shop' },
      'application',
      /belongs to the application 'sim'.*'shop'/,
    ],
    ['another protocol', { ...aHello, protocol: 9 }, 'version', /version 1.*version 9/],
    ['a token that is none', { ...aHello, token: 'secret' }, 'token', /no token of this application/],
    [
      'a call before the hello',
      { t: 'read', n: 1, role: 'board', deadlineMs: 1, consistency: 'local', maxStaleMs: null },
      'protocol',
      /after its hello/,
    ],
    ['no message at all', { t: 'hallo' }, 'protocol', /form/],
    ['a hello with a client that is none', { ...aHello, client: 'me' }, 'protocol', /form/],
  ] as const)(
    '%s is refused with a sentence and a code, and closed with that code',
    (_, hello, code, text) => {
      const hall = new Hall()
      const raw = hall.dial('stray', { hello })
      hall.until(() => raw.end !== null)
      expect(raw.inbox).toEqual([{ t: 'refused', code, text: expect.stringMatching(text) as string }])
      expect(raw.end).toMatchObject({ kind: 'remote', code })
      expect(hall.cluster.desk('ann')?.status()).toEqual({ trusted: 0, stray: 0, inFlight: 0, watches: 0 })
    },
  )

  it('who says nothing is closed after three seconds, and costs nobody else anything', () => {
    const hall = new Hall()
    const silent = hall.dial('stray', { hello: null })
    const other = hall.client('stray')
    hall.run(2_000)
    expect(silent.end).toBeNull()
    hall.run(2_100)
    expect(silent.end).toMatchObject({ kind: 'remote', code: 'protocol' })
    expect(other.end).toBeNull()
  })

  it('a member that has not joined its cluster yet says so', () => {
    const hall = new Hall({ peers: 3, settings: { expect: 3 } })
    for (const name of hall.cluster.names) hall.world.crash(name)
    hall.cluster.start('bob')
    hall.run(200)
    const raw = hall.dial('stray', { to: 'bob' })
    hall.until(() => raw.end !== null)
    expect(raw.last('refused')).toMatchObject({ code: 'starting' })
  })
})

describe('calls', () => {
  it('a command of a client is executed and answered, with its level and its user, and by nobody else', () => {
    const hall = new Hall({
      clients: { authenticate: ({ token }) => (token === null ? null : { user: token }) },
    })
    const raw = hall.client('stray', { hello: { ...aHello, token: 'eve' } })
    raw.call(1, { command: 'who' })
    hall.until(() => raw.last('result') !== undefined)
    const ann = hall.cluster.peer('ann')?.status().self.id
    expect(raw.last('result')?.outcome).toEqual({
      status: 'ok',
      value: { v: { level: 'stray', memberId: ann, user: 'eve' } },
    })
    const refused = hall.dial('stray', { hello: { ...aHello, token: null } })
    hall.until(() => refused.end !== null)
    expect(refused.last('refused')).toMatchObject({ code: 'token' })
  })

  it('the same id is executed once, whatever link it comes by, and answered with the first outcome', () => {
    const hall = new Hall({ peers: 3 })
    const one = hall.client('trusted', { to: 'ann' })
    const two = hall.client('trusted', { to: 'bob', from: 'other' })
    for (const raw of [one, two, one, two]) raw.call(1)
    hall.until(() => one.last('result') !== undefined && two.last('result') !== undefined)
    hall.run(500)
    expect(hall.state().notes).toEqual(['1'])
    expect(two.last('result')?.outcome).toEqual(one.last('result')?.outcome)
  })

  it('sessions of strays, of trusted clients and of members are never the same', () => {
    const hall = new Hall()
    hall.client('trusted').call(1)
    hall.run(200)
    hall.client('stray').call(1)
    hall.run(200)
    expect(hall.state().notes).toEqual(['1', '1'])
    const reserved = hall.client('trusted')
    reserved.call(1, { session: '~board:1' })
    hall.until(() => reserved.end !== null)
    expect(reserved.last('refused')).toMatchObject({ code: 'protocol' })
  })

  it('a stray calls what is open and nothing else, and cannot tell what there is', () => {
    const hall = new Hall()
    const raw = hall.client('stray')
    raw.call(1, { role: 'vault', command: 'put', input: { n: 5 } })
    raw.call(2, { command: 'wipe' })
    raw.call(3, { role: 'nothing', command: 'put' })
    raw.call(4)
    hall.until(() => raw.last('result') !== undefined)
    const texts = raw.all('failed').map(({ refusal }) => [refusal.reason, refusal.text])
    expect(texts).toEqual([
      ['not-open', 'vault.put is not open to callers without the secret.'],
      ['not-open', 'board.wipe is not open to callers without the secret.'],
      ['not-open', 'nothing.put is not open to callers without the secret.'],
    ])
    expect(hall.state()).toEqual({ notes: ['4'], gold: 0 })
  })

  it('without a server a call ends as unavailable at its deadline, and says that it was not executed', () => {
    const hall = new Hall({ peers: 3 })
    const [at, other] = hall.followers
    const raw = hall.client('trusted', { to: at })
    for (const name of [hall.server, other]) hall.world.crash(name)
    hall.run(1_000)
    raw.call(1)
    hall.until(() => raw.last('unavailable') !== undefined)
    expect(raw.last('unavailable')).toMatchObject({ session: 'me^1', seq: 1, executed: 'no' })
  })

  it('an input that is nested too deeply is refused, and its link lives on', () => {
    const hall = new Hall()
    const raw = hall.client('stray')
    raw.call(1, { input: JSON.parse(`${'['.repeat(200)}${']'.repeat(200)}`) })
    raw.call(2)
    hall.until(() => raw.last('result') !== undefined)
    expect(raw.last('failed')?.refusal).toMatchObject({ reason: 'invalid' })
    expect(hall.state().notes).toEqual(['2'])
  })

  it('what a client cancels is answered once; what it leaves behind is answered to nobody, and nothing of it stays', () => {
    const hall = new Hall({ peers: 3 })
    const [at, other] = hall.followers
    const raw = hall.client('trusted', { to: at })
    for (const name of [hall.server, other]) hall.world.crash(name)
    hall.run(1_000)
    raw.call(1)
    raw.call(2)
    raw.say({ t: 'cancel', session: 'me^1', seq: 1 })
    hall.until(() => raw.last('unavailable') !== undefined)
    hall.run(100)
    expect(raw.all('unavailable')).toMatchObject([{ seq: 1, executed: 'no' }])
    expect(hall.cluster.desk(at)?.status().inFlight).toBe(1)
    raw.link.close()
    hall.run(100)
    expect(hall.cluster.desk(at)?.status()).toEqual({ trusted: 0, stray: 0, inFlight: 0, watches: 0 })
    const queues = hall.cluster.peer(at)?.metrics().roles['board']?.queues
    expect(queues).toMatchObject({ waiting: 0, inFlight: 0 })
  })

  it('of more calls than may be under way the rest waits, and of more than may wait it is said', () => {
    const hall = new Hall()
    const raw = hall.client('stray')
    for (let seq = 1; seq <= 1_200; seq++) raw.call(seq)
    hall.until(() => raw.all('result').length + raw.all('unavailable').length === 1_200, 60_000)
    const busy = raw.all('unavailable')
    expect(busy.length).toBeGreaterThan(0)
    expect(busy[0]).toMatchObject({ executed: 'no', reason: expect.stringMatching(/^busy: /) as string })
    expect(hall.state().notes).toHaveLength(1_200 - busy.length)
    expect(raw.end).toBeNull()
  })

  it('a floor lets the server forget outcomes, and an id below it is expired and not executed', () => {
    const hall = new Hall()
    const raw = hall.client('trusted')
    const base = {
      t: 'call',
      session: 'me^1',
      attempt: 4,
      role: 'board',
      command: 'pin',
      input: { v: { text: 'x' } },
      deadlineMs: 5_000,
    }
    raw.say({ ...base, seq: 1, floor: 0 })
    hall.until(() => raw.all('result').length === 1)
    raw.say({ ...base, seq: 2, floor: 1 })
    hall.until(() => raw.all('result').length === 2)
    raw.say({ ...base, seq: 1, floor: 1 })
    hall.until(() => raw.last('expired') !== undefined)
    expect(raw.last('expired')).toEqual({ t: 'expired', session: 'me^1', seq: 1, attempt: 4 })
    expect(hall.state().notes).toHaveLength(2)
  })
})

describe('reads and watches', () => {
  it('a watch gives the state and then every event in order; it goes on from a position on another member', () => {
    const hall = new Hall({ peers: 3 })
    const raw = hall.client('stray', { to: 'bob' })
    raw.call(1)
    hall.until(() => raw.last('result') !== undefined)
    hall.run(200)
    raw.say({ t: 'watch', n: 9, role: 'board', after: null })
    hall.until(() => raw.last('state') !== undefined)
    expect(raw.last('state')).toMatchObject({ n: 9, state: { v: { notes: ['1'] } } })
    for (let seq = 2; seq <= 6; seq++) raw.call(seq)
    hall.until(() => raw.all('event').length === 5)
    const [first, second] = raw.all('event')
    expect(raw.all('event').map(({ payload }) => payload)).toEqual(
      ['2', '3', '4', '5', '6'].map((text) => ({ v: { text } })),
    )
    expect(first).toMatchObject({ type: 'pinned', n: 9, position: { n: 0 }, term: 1 })
    const other = hall.client('stray', { to: 'cy', from: 'other' })
    other.say({ t: 'watch', n: 1, role: 'board', after: second?.position })
    hall.until(() => other.all('event').length === 3)
    expect(other.all('event').map(({ payload }) => payload)).toEqual(
      ['4', '5', '6'].map((text) => ({ v: { text } })),
    )
    expect(other.all('state')).toEqual([])
    raw.say({ t: 'unwatch', n: 9 })
    raw.call(7)
    hall.until(() => other.all('event').length === 4)
    hall.run(100)
    expect(raw.all('event')).toHaveLength(5)
  })

  it('events of one entry say that more follow', () => {
    const hall = new Hall()
    const raw = hall.client('trusted')
    raw.say({ t: 'watch', n: 1, role: 'board', after: { index: 0 } })
    raw.call(1, { command: 'pinMany', input: { texts: ['a', 'b', 'c'] } })
    raw.call(2)
    hall.until(() => raw.all('event').length === 4)
    expect(raw.all('event').map(({ more }) => more)).toEqual([true, true, undefined, undefined])
  })

  it('a read shows everything that was acknowledged before it', () => {
    const hall = new Hall({ peers: 3 })
    const raw = hall.client('trusted', { to: 'cy' })
    raw.call(1)
    hall.until(() => raw.last('result') !== undefined)
    raw.say({
      t: 'read',
      n: 5,
      role: 'board',
      deadlineMs: 1_000,
      consistency: 'linearizable',
      maxStaleMs: null,
    })
    raw.say({ t: 'read', n: 6, role: 'vault', deadlineMs: 1_000, consistency: 'local', maxStaleMs: null })
    hall.until(() => raw.all('readable').length === 2)
    expect(raw.all('readable').find(({ n }) => n === 5)).toMatchObject({ state: { v: { notes: ['1'] } } })
    expect(raw.all('readable').find(({ n }) => n === 6)).toMatchObject({ state: { v: { gold: 0 } } })
  })

  it('strays read what is readable for them alone', () => {
    const hall = new Hall()
    const raw = hall.client('stray')
    raw.say({ t: 'watch', n: 1, role: 'vault', after: null })
    raw.say({ t: 'read', n: 2, role: 'vault', deadlineMs: 1_000, consistency: 'local', maxStaleMs: null })
    raw.say({ t: 'read', n: 3, role: 'nothing', deadlineMs: 1_000, consistency: 'local', maxStaleMs: null })
    hall.until(() => raw.all('unreadable').length === 2 && raw.last('unwatched') !== undefined)
    expect(raw.inbox.filter(({ t }) => t !== 'welcome' && t !== 'view')).toMatchObject([
      { t: 'unwatched', n: 1, code: 'not-open' },
      { t: 'unreadable', n: 2, code: 'not-open' },
      { t: 'unreadable', n: 3, code: 'not-open' },
    ])
    const trusted = hall.client('trusted')
    trusted.say({ t: 'watch', n: 1, role: 'nothing', after: null })
    hall.until(() => trusted.last('unwatched') !== undefined)
    expect(trusted.last('unwatched')).toMatchObject({
      code: 'unknown-role',
      text: expect.stringContaining('board, vault') as string,
    })
  })

  it('a client that does not take in what it watches costs no memory, and goes on where it was', () => {
    const hall = new Hall()
    const raw = hall.client('trusted')
    raw.say({ t: 'watch', n: 1, role: 'board', after: { index: 0 } })
    hall.world.pause('web')
    const writer = hall.client('trusted', { from: 'other' })
    const text = 'x'.repeat(50_000)
    for (let seq = 1; seq <= 60; seq++) {
      writer.call(seq, { session: 'w^1', input: { text: `${seq}${text}` } })
      hall.run(20)
    }
    hall.until(() => writer.all('result').length === 60)
    const heard = raw.all('event').length
    expect(heard).toBeLessThan(60)
    // Buffers of the two kernels, and what watches may have waiting besides; and not all of 3 MB.
    expect(hall.cluster.sample().bufferedBytes).toBeLessThan(1_000_000)
    hall.world.resume('web')
    hall.until(() => raw.all('event').length === 60)
    const texts = raw
      .all('event')
      .map(({ payload }) => Number.parseInt((payload as { v: { text: string } }).v.text, 10))
    expect(texts).toEqual(Array.from({ length: 60 }, (_, i) => i + 1))
  })
})

describe('views, pings and silence', () => {
  it('tells a new view when the server changes, once for all that changed together', () => {
    const hall = new Hall({ peers: 3 })
    const [next, at] = hall.followers
    const raw = hall.client('stray', { to: at })
    hall.world.crash(hall.server)
    hall.until(() => raw.last('view')?.view.server?.name === next)
    hall.run(5_000)
    expect(raw.all('view').length).toBeLessThan(10)
    expect(
      raw
        .last('view')
        ?.view.members.map(({ name }) => name)
        .toSorted(),
    ).toEqual([next, at].toSorted())
  })

  it('pings every ten seconds, and gives up a client that is silent for 25', () => {
    const hall = new Hall()
    const polite = hall.client('stray')
    const silent = hall.client('stray', { from: 'other' })
    silent.polite = false
    hall.run(24_000)
    expect(polite.all('ping')).toHaveLength(2)
    expect(silent.end).toBeNull()
    hall.run(3_000)
    expect(silent.end).toMatchObject({ code: 'silence' })
    expect(polite.end).toBeNull()
    polite.say({ t: 'ping' })
    hall.until(() => polite.last('pong') !== undefined)
  })

  it('a member that stood still itself accuses no client', () => {
    const hall = new Hall()
    const raw = hall.client('stray')
    hall.world.pause('ann')
    hall.run(60_000)
    hall.world.resume('ann')
    hall.run(5_000)
    expect(raw.end).toBeNull()
  })

  it('other members see how many clients each has', () => {
    const hall = new Hall({ peers: 3 })
    const raw = hall.client('stray', { to: 'bob' })
    hall.run(8_000)
    const told = (): unknown[] =>
      hall.cluster
        .peer('ann')
        ?.status()
        .members.map(({ about }) => about?.clients ?? null) ?? []
    expect(told().filter((clients) => clients !== null)).toEqual([1])
    raw.link.close()
    hall.run(8_000)
    expect(told()).toEqual([null, null, null])
  })
})

describe('limits', () => {
  it('the 101st client of one address is sent elsewhere, and the others stay', () => {
    const hall = new Hall({ peers: 2 })
    const clients = Array.from({ length: 100 }, () => hall.dial('stray'))
    hall.until(() => clients.every((raw) => raw.last('welcome') !== undefined))
    const more = hall.dial('stray')
    const other = hall.client('stray', { from: 'other' })
    hall.until(() => more.end !== null)
    expect(more.inbox).toMatchObject([
      { t: 'redirect', code: 'full', to: ['bob:1'] },
      { t: 'refused', code: 'limit' },
    ])
    expect(more.end).toMatchObject({ code: 'limit' })
    expect(clients.every((raw) => raw.end === null)).toBe(true)
    expect(other.end).toBeNull()
    expect(hall.cluster.desk('ann')?.status().stray).toBe(101)
  })

  it('a client that says too much is closed with limit, and the next one is heard', () => {
    const hall = new Hall()
    const flood = hall.client('stray')
    const other = hall.client('stray', { from: 'other' })
    for (let i = 0; i < 30; i++) flood.say(...Array.from({ length: 100 }, () => ({ t: 'ping' })))
    other.call(1)
    hall.until(() => flood.end !== null && other.last('result') !== undefined)
    expect(flood.end).toMatchObject({ code: 'limit' })
    expect(other.end).toBeNull()
  })

  it('strays of one address begin so many sessions and no more, and go on with those they have', () => {
    const hall = new Hall()
    const raw = hall.client('stray')
    const other = hall.client('stray', { from: 'other' })
    for (let seq = 1; seq <= 260; seq++) raw.call(seq, { session: `s${seq}^1`, command: 'who' })
    hall.until(() => raw.all('result').length + raw.all('unavailable').length === 260)
    expect(raw.all('unavailable').length).toBeGreaterThan(50)
    expect(raw.all('unavailable')[0]).toMatchObject({
      executed: 'no',
      reason: expect.stringMatching(/sessions/) as string,
    })
    raw.call(300, { session: 's1^1' })
    other.call(1, { session: 'o^1' })
    hall.until(() => raw.last('result')?.seq === 300 && other.last('result') !== undefined)
  })

  it('frames over the limit, or of another kind, close their link alone', () => {
    const hall = new Hall()
    const other = hall.client('stray')
    const large = hall.client('stray')
    large.call(1, { input: { text: 'x'.repeat(70_000) } })
    const junk = hall.client('stray')
    junk.bytes(new Uint8Array([9, 9, 9]))
    const channel = hall.client('stray')
    channel.bytes(encodeFrame([{ channel: 's', body: { t: 'append', term: 9 } }]))
    hall.until(() => [large, junk, channel].every(({ end }) => end !== null))
    expect([large, junk, channel].map(({ end }) => end && 'code' in end && end.code)).toEqual([
      'limit',
      'protocol',
      'protocol',
    ])
    expect(other.end).toBeNull()
    expect(hall.cluster.desk('ann')?.counts().closed).toBe(3)
  })
})

describe('tokens on links', () => {
  it('a token says for whom a stray speaks, may make it trusted, and ends with its time', () => {
    const hall = new Hall()
    const wallMs = hall.host('web').clock.now().wallMs
    const token = signToken(worldKeys, { user: 'ann', level: 'trusted', ttlMs: 60_000 }, wallMs)
    const raw = hall.client('stray', { hello: { ...aHello, token } })
    expect(raw.last('welcome')).toMatchObject({ level: 'trusted', user: 'ann' })
    raw.call(1, { role: 'vault', command: 'put', input: { n: 5 } })
    hall.until(() => raw.last('result') !== undefined)
    expect(hall.state().gold).toBe(5)
    hall.run(70_000)
    expect(raw.last('refused')).toMatchObject({
      code: 'token',
      text: expect.stringMatching(/expired/) as string,
    })
    expect(raw.end).toMatchObject({ code: 'token' })
  })

  it('a key that is removed closes the links that came by its tokens', () => {
    const hall = new Hall()
    const wallMs = hall.host('web').clock.now().wallMs
    const token = signToken(worldKeys, { user: 'ann', ttlMs: 60_000 }, wallMs)
    const raw = hall.client('stray', { hello: { ...aHello, token } })
    const other = hall.client('stray')
    hall.cluster.desk('ann')?.keyRemoved(worldKeys.used)
    hall.until(() => raw.end !== null)
    expect(raw.end).toMatchObject({ code: 'token' })
    expect(other.end).toBeNull()
  })

  it('an authenticate that throws, never answers or says nonsense refuses, and harms nobody', () => {
    const says = new Map<string, () => unknown>([
      [
        'throws',
        () => {
          throw new Error('no')
        },
      ],
      ['nonsense', () => ({ user: 5 })],
      ['level', () => ({ level: 'member' })],
      ['never', () => new Promise(() => {})],
      ['fine', () => ({ user: 'fay' })],
    ])
    const hall = new Hall({ clients: { authenticate: ({ token }) => says.get(token ?? '')?.() as never } })
    const raws = [...says.keys()].map((token) => hall.dial('stray', { hello: { ...aHello, token } }))
    hall.run(10_000)
    expect(raws.map(({ end }) => end && 'code' in end && end.code)).toEqual([
      'token',
      'token',
      'token',
      'token',
      null,
    ])
    expect(raws.at(-1)?.last('welcome')?.user).toBe('fay')
  })
})
