import type { Address, Network } from '../../host/index.js'
import { check, comes, contract, type ContractCase, type Draft, equal, numbers, quietMs } from './case.js'
import type { Subject } from './case.js'
import { dialling, type Ear, ending, listening, Port } from './ear.js'

/** Two machines, or two processes of one, that can reach each other. */
export interface NetworkSubject extends Subject {
  readonly here: Network
  readonly there: Network
  /** Where `there` can listen, with port 0: `127.0.0.1:0`. */
  readonly at: Address
  /** An address that `there` does not have. */
  readonly foreign?: Address
  /** Kills the process of `there`: its kernel stays. Without it, the cases that need it are skipped, as below. */
  crash?(): void
  /** Freezes the process of `there`. */
  freeze?(): void
  /** Its listeners take clients; a `stray` may dial it in whatever way strays do. Without it, as below. */
  readonly clients?: boolean
  /** A network of another application or secret, on the machine of `here`. */
  readonly stranger?: Network
}

/**
 * What every `Network` and `Link` must do, as named cases for any test runner.
 *
 * @example
 * for (const { name, run } of networkContract(() => twoHosts())) it(name, ({ skip }) => run(skip))
 */
export function networkContract(create: () => NetworkSubject | Promise<NetworkSubject>): ContractCase[] {
  return contract(create, [...listeners, ...dials, ...levels, ...frames, ...ends, ...faults])
}

const listeners: readonly Draft<NetworkSubject>[] = [
  {
    name: 'a listener says once where it listens, with the real port, and not inside listen',
    run: async (subject) => {
      const port = await listening(subject, subject.there, subject.at)
      await subject.pass(quietMs)
      equal(port.said, ['listening'], 'what the listener said')
      check(/:\d+$/.test(port.address) && !port.address.endsWith(':0'), `a real port in "${port.address}"`)
    },
  },
  {
    name: 'a port in use, and what is no address, fail once with a code, and never as an exception',
    run: async (subject) => {
      const first = await listening(subject, subject.there, subject.at)
      const second = new Port().listen(subject.there, first.address)
      const wrong = new Port().listen(subject.there, 'nonsense')
      await comes(subject, () => second.said.length + wrong.said.length === 2, 'both failures')
      await subject.pass(quietMs)
      equal(second.said, ['failed: in-use'], 'what the second listener on one port said')
      equal(wrong.said, ['failed: not-allowed'], 'what a listener on "nonsense" said')
      second.listener?.close()
      wrong.listener?.close()
      equal(first.said, ['listening'], 'what the first listener said')
    },
  },
  {
    name: 'an address of another machine is not allowed',
    needs: ['foreign'],
    run: async (subject) => {
      const port = new Port().listen(subject.there, subject.foreign ?? '')
      await comes(subject, () => port.said.length > 0, 'the failure')
      equal(port.said, ['failed: not-allowed'], 'what the listener said')
    },
  },
  {
    name: 'a listener that closes takes nobody any more, its links live on, and its port is free',
    run: async (subject) => {
      const { port, out, inner } = await linked(subject)
      port.listener?.close()
      equal(
        (await ending(subject, dialling(subject.here, port.address))).kind,
        'refused',
        'a dial afterwards',
      )
      const next = await listening(subject, subject.there, port.address)
      equal(next.address, port.address, 'address of the next listener')
      out.say('still here')
      await comes(subject, () => inner.frames.length === 1, 'a frame on the old link')
      equal([port.accepted.length, next.accepted.length], [1, 0], 'links accepted by each listener')
    },
  },
  {
    name: 'a listener that is closed before it is bound never says that it listens',
    run: async (subject) => {
      const port = new Port().listen(subject.there, subject.at)
      port.listener?.close()
      await subject.pass(quietMs)
      equal(port.said, [], 'what the listener said')
    },
  },
]

const dials: readonly Draft<NetworkSubject>[] = [
  {
    name: 'a dial opens on both sides, never inside the call, and accepted links are open already',
    run: async (subject) => {
      const { port, out, inner } = await linked(subject)
      await subject.pass(quietMs)
      equal([out.happened, inner.happened], [['opened'], []], 'what happened to dialler and listener')
      equal(port.accepted.length, 1, 'accepted links')
    },
  },
  {
    name: 'links know the other side: a dialled one by the address that was dialled',
    run: async (subject) => {
      const { port, out, inner } = await linked(subject)
      equal(out.link?.remote, port.address, 'remote of the dialled link')
      check(
        /^.+:\d+$/.test(inner.link?.remote ?? ''),
        `an address, not "${inner.link?.remote}", as remote of the accepted one`,
      )
    },
  },
  {
    name: 'a dial is refused where nobody listens, once, and not inside the call',
    run: async (subject) => {
      const port = await listening(subject, subject.there, subject.at)
      port.listener?.close()
      const ear = dialling(subject.here, port.address)
      equal(await ending(subject, ear), { kind: 'refused' }, 'end')
      await subject.pass(quietMs)
      equal(ear.happened, ['closed'], 'what happened')
    },
  },
  {
    name: 'a dial to what is no address is unreachable, once, and not inside the call',
    run: async (subject) => {
      const ear = dialling(subject.here, 'nonsense')
      equal(await ending(subject, ear), { kind: 'unreachable' }, 'end')
      equal(ear.happened, ['closed'], 'what happened')
    },
  },
  {
    name: 'a dial can be given up at once, and nobody accepts it',
    run: async (subject) => {
      const port = await listening(subject, subject.there, subject.at)
      const ear = dialling(subject.here, port.address)
      ear.close()
      ear.say('too early')
      equal(await ending(subject, ear), { kind: 'local' }, 'end')
      await subject.pass(quietMs)
      equal([ear.happened, port.accepted.length], [['closed'], 0], 'what happened, and accepted links')
    },
  },
  {
    name: 'a stranger is rejected with a code and a sentence, and never handed up',
    needs: ['stranger'],
    run: async (subject) => {
      const port = await listening(subject, subject.there, subject.at)
      const ear = dialling(subject.stranger ?? subject.here, port.address)
      const end = await ending(subject, ear)
      equal(end.kind, 'rejected', 'end')
      check(end.kind === 'rejected' && end.text.length > 10, 'a rejection has a sentence')
      await subject.pass(quietMs)
      equal([ear.happened, port.accepted.length], [['closed'], 0], 'what happened, and accepted links')
    },
  },
]

const levels: readonly Draft<NetworkSubject>[] = [
  ...(['trusted', 'stray'] as const).map(
    (as): Draft<NetworkSubject> => ({
      name: `a ${as} client is handed up as what it is, and talks both ways`,
      needs: ['clients'],
      run: async (subject) => {
        const options = { takesClients: true, layer: 'lobby' }
        const port = await listening(subject, subject.there, subject.at, options)
        const out = dialling(subject.here, port.address, as)
        await comes(subject, () => out.happened.includes('opened') && port.clients.length === 1, 'a link')
        const { ear, caller } = port.clients[0]!
        equal(
          [caller.level, caller.layer, port.accepted.length],
          [as, 'lobby', 0],
          'level, layer and members',
        )
        check(/^[^/]+$/.test(caller.host) && caller.host.length > 0, `a host, not "${caller.host}"`)
        out.say('ask')
        ear.say('answer')
        await comes(subject, () => ear.frames.length === 1 && out.frames.length === 1, 'a frame each way')
        equal([ear.texts, out.texts], [['ask'], ['answer']], 'texts')
        out.close('bye', 'done')
        equal(await ending(subject, ear), { kind: 'remote', code: 'bye', reason: 'done' }, 'end there')
      },
    }),
  ),
  {
    name: 'who is not accepted at a listener is rejected as not-open with a sentence, and the others are let in',
    needs: ['clients'],
    run: async (subject) => {
      const none = await listening(subject, subject.there, subject.at)
      const some = await listening(subject, subject.there, subject.at, {
        takesClients: true,
        accepts: ['member', 'trusted'],
      })
      for (const [port, as] of [
        [none, 'trusted'],
        [none, 'stray'],
        [some, 'stray'],
      ] as const) {
        const end = await ending(subject, dialling(subject.here, port.address, as))
        check(
          end.kind === 'rejected' && end.code === 'not-open' && end.text.length > 10,
          `not-open with a sentence for ${as}, not ${JSON.stringify(end)}`,
        )
      }
      const member = dialling(subject.here, some.address)
      const trusted = dialling(subject.here, some.address, 'trusted')
      await comes(subject, () => some.accepted.length === 1 && some.clients.length === 1, 'the other two')
      equal([none.clients.length, member.end, trusted.end], [0, undefined, undefined], 'what ended')
    },
  },
]

const frames: readonly Draft<NetworkSubject>[] = [
  {
    name: 'frames arrive whole, both ways, empty ones and ones of a megabyte included',
    run: async (subject) => {
      const { out, inner } = await linked(subject)
      const big = new Uint8Array(1_000_000).map((_, i) => i % 251)
      out.say('there', '')
      out.link?.send(big)
      inner.say('back')
      await comes(subject, () => inner.frames.length === 3 && out.frames.length === 1, 'three frames and one')
      equal([inner.texts.slice(0, 2), out.texts], [['there', ''], ['back']], 'texts')
      const arrived = inner.frames[2] ?? new Uint8Array()
      check(
        arrived.length === big.length && arrived.every((byte, i) => byte === i % 251),
        'the big frame, as it was sent',
      )
    },
  },
  {
    name: 'frames arrive in the order of sending, each once, however many',
    run: async (subject) => {
      const { out, inner } = await linked(subject)
      const texts = numbers(1, 1_000).map((n) => `frame ${n}`)
      for (let i = 0; i < texts.length; i += 250) {
        out.say(...texts.slice(i, i + 250))
        await subject.pass(1)
      }
      await comes(subject, () => inner.frames.length >= texts.length, `${texts.length} frames`)
      await subject.pass(quietMs)
      equal(inner.texts, texts, 'frames')
    },
  },
  {
    name: 'what is sent while a link is accepted arrives after opened',
    run: async (subject) => {
      const port = await listening(subject, subject.there, subject.at)
      port.greet = (ear) => ear.say('welcome')
      const out = dialling(subject.here, port.address)
      await comes(subject, () => out.frames.length === 1, 'the welcome')
      equal([out.happened, out.texts], [['opened', 'frame'], ['welcome']], 'what happened')
    },
  },
  {
    name: 'what is sent before a link opens, or after its end, is ignored',
    run: async (subject) => {
      const port = await listening(subject, subject.there, subject.at)
      const out = dialling(subject.here, port.address)
      out.say('too early')
      await comes(subject, () => out.happened.length > 0 && port.accepted.length > 0, 'an open link')
      out.say('now')
      await comes(subject, () => port.accepted[0]?.frames.length === 1, 'a frame')
      out.close()
      out.say('too late')
      await ending(subject, out)
      out.say('far too late')
      await subject.pass(quietMs)
      equal(port.accepted[0]?.texts, ['now'], 'frames')
    },
  },
  {
    name: 'bytes that wait are counted, and are none once the other side has them',
    run: async (subject) => {
      const { out, inner } = await linked(subject)
      equal(out.link?.bufferedBytes, 0, 'bytes of an idle link')
      for (let i = 0; i < 8; i++) out.link?.send(new Uint8Array(500_000))
      check((out.link?.bufferedBytes ?? 0) > 0, 'four megabytes that were sent just now wait in part')
      await comes(subject, () => inner.frames.length === 8, 'eight frames')
      await comes(subject, () => out.link?.bufferedBytes === 0, 'no byte waiting')
    },
  },
]

const ends: readonly Draft<NetworkSubject>[] = [
  {
    name: 'a close comes after what was sent, with its code and reason there and as local here',
    run: async (subject) => {
      const { out, inner } = await linked(subject)
      const texts = numbers(1, 100).map(String)
      out.say(...texts)
      out.close('leaving', 'gone for lunch')
      equal(
        await ending(subject, inner),
        { kind: 'remote', code: 'leaving', reason: 'gone for lunch' },
        'end there',
      )
      equal(inner.texts, texts, 'frames before it')
      equal(await ending(subject, out), { kind: 'local' }, 'end here')
    },
  },
  {
    name: 'the accepting side closes in the same manner, also without words',
    run: async (subject) => {
      const { out, inner } = await linked(subject)
      inner.close()
      const end = await ending(subject, out)
      check(
        end.kind === 'remote' && typeof end.code === 'string' && typeof end.reason === 'string',
        `remote with texts, not ${JSON.stringify(end)}`,
      )
      equal(await ending(subject, inner), { kind: 'local' }, 'end of who closed')
    },
  },
  {
    name: 'closed comes once, last, never inside close, and nothing is handed up after our own close',
    run: async (subject) => {
      const { out, inner } = await linked(subject)
      inner.say('late')
      out.close()
      out.close('again')
      await ending(subject, out)
      await ending(subject, inner)
      inner.say('later')
      await subject.pass(quietMs)
      equal([out.happened, inner.happened], [['opened', 'closed'], ['closed']], 'what happened')
    },
  },
  {
    name: 'when both sides close at once, each end is local',
    run: async (subject) => {
      const { out, inner } = await linked(subject)
      out.close('a')
      inner.close('b')
      const kinds = [(await ending(subject, out)).kind, (await ending(subject, inner)).kind]
      equal(kinds, ['local', 'local'], 'ends')
    },
  },
]

const faults: readonly Draft<NetworkSubject>[] = [
  {
    name: 'a process that dies ends its links as remote, and dials are refused from then on',
    needs: ['crash'],
    run: async (subject) => {
      const { port, out } = await linked(subject)
      subject.crash?.()
      equal((await ending(subject, out)).kind, 'remote', 'end of the link')
      let end = await ending(subject, dialling(subject.here, port.address))
      // Its kernel may not be through with it at once.
      for (let i = 0; i < 20 && end.kind === 'reset'; i++)
        end = await ending(subject, dialling(subject.here, port.address))
      equal(end.kind, 'refused', 'end of a dial')
      equal(out.happened.filter((what) => what === 'closed').length, 1, 'times that closed was called')
    },
  },
  {
    name: 'a frozen process is neither refused nor open: the dial times out, and its links stay',
    needs: ['freeze'],
    run: async (subject) => {
      const { port, out } = await linked(subject)
      subject.freeze?.()
      equal(await ending(subject, dialling(subject.here, port.address)), { kind: 'timeout' }, 'end of a dial')
      equal(out.happened, ['opened'], 'what happened to the open link')
    },
  },
]

/** Both ends of one open link: who dialled and who accepted. */
async function linked(subject: NetworkSubject): Promise<{ port: Port; out: Ear; inner: Ear }> {
  const port = await listening(subject, subject.there, subject.at)
  const out = dialling(subject.here, port.address)
  await comes(subject, () => out.happened.length > 0 && port.accepted.length > 0, 'an open link')
  equal(out.happened, ['opened'], 'what happened to the dialler')
  const [inner] = port.accepted
  if (inner === undefined) throw new Error('expected an accepted link')
  return { port, out, inner }
}
