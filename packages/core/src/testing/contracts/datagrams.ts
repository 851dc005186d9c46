import type {
  Address,
  DatagramHandlers,
  DatagramOptions,
  Datagrams,
  DatagramSocket,
} from '../../host/index.js'
import {
  bytesOf,
  check,
  comes,
  contract,
  type ContractCase,
  type Draft,
  equal,
  quietMs,
  textOf,
} from './case.js'
import type { Subject } from './case.js'

/** Datagrams of two machines, or of two processes of one. */
export interface DatagramsSubject extends Subject {
  readonly here: Datagrams
  readonly there: Datagrams
  /** Where each can bind, with port 0: `127.0.0.1:0`. */
  readonly atHere: Address
  readonly atThere: Address
  /** A host at which both can bind and hear what either sends to it: `127.255.255.255`. */
  readonly everybody?: string
}

/** What every `Datagrams` must do, as named cases for any test runner. They may be lost: what must arrive is sent again. */
export function datagramsContract(
  create: () => DatagramsSubject | Promise<DatagramsSubject>,
): ContractCase[] {
  return contract(create, cases)
}

const cases: readonly Draft<DatagramsSubject>[] = [
  {
    name: 'a socket says once where it is, with the real port, and not inside bind',
    run: async (subject) => {
      const one = await bound(subject, subject.there, subject.atThere)
      await subject.pass(quietMs)
      equal(one.said, ['listening'], 'what the socket said')
      check(/:\d+$/.test(one.address) && !one.address.endsWith(':0'), `a real port in "${one.address}"`)
    },
  },
  {
    name: 'a datagram arrives whole, with the address to answer to',
    run: async (subject) => {
      const [one, other] = await pair(subject)
      await arrives(subject, one, other, 'hello')
      const [first] = other.got
      equal(first, { text: 'hello', from: one.address }, 'what arrived')
      await arrives(subject, other, one, 'hi', first?.from)
      equal(one.got[0], { text: 'hi', from: other.address }, 'the answer')
    },
  },
  {
    name: 'datagrams of up to 1,200 bytes are carried, each one for itself',
    run: async (subject) => {
      const [one, other] = await pair(subject)
      for (const length of [0, 1, 1_199, 1_200]) {
        const text = 'a'.repeat(length)
        await arrives(subject, one, other, text)
      }
      const lengths = new Set(other.got.map(({ text }) => text.length))
      equal(
        [...lengths].toSorted((a, b) => a - b),
        [0, 1, 1_199, 1_200],
        'lengths that arrived',
      )
    },
  },
  {
    name: 'a port in use, and what is no address, fail once with a code, and never as an exception',
    run: async (subject) => {
      const one = await bound(subject, subject.there, subject.atThere)
      const second = new Ear().bind(subject.there, one.address)
      const wrong = new Ear().bind(subject.there, 'nonsense')
      await comes(subject, () => second.said.length + wrong.said.length === 2, 'both failures')
      equal([second.said, wrong.said], [['failed: in-use'], ['failed: not-allowed']], 'what they said')
      for (const { socket } of [second, wrong]) {
        socket?.send(bytesOf('x'), one.address)
        socket?.close()
      }
      await subject.pass(quietMs)
      equal([one.got, one.said], [[], ['listening']], 'what the first socket heard and said')
    },
  },
  {
    name: 'to no address, or to nobody, is lost and never thrown',
    run: async (subject) => {
      const [one, other] = await pair(subject)
      const gone = await bound(subject, subject.there, subject.atThere)
      gone.socket?.close()
      for (const to of ['', 'nonsense', gone.address]) one.socket?.send(bytesOf('lost'), to)
      await subject.pass(quietMs)
      await arrives(subject, one, other, 'after')
      equal(
        [other.got.filter(({ text }) => text === 'lost'), gone.got],
        [[], []],
        'what was heard of the lost ones',
      )
    },
  },
  {
    name: 'a closed socket neither sends nor hears, may be closed twice, and its port is free',
    run: async (subject) => {
      const [one, other] = await pair(subject)
      other.socket?.close()
      other.socket?.close()
      one.socket?.send(bytesOf('x'), other.address)
      other.socket?.send(bytesOf('x'), one.address)
      await subject.pass(quietMs)
      equal([one.got, other.got, other.said], [[], [], ['listening']], 'what was heard')
      const next = await bound(subject, subject.there, other.address)
      equal(next.address, other.address, 'address of the next socket')
    },
  },
  {
    name: 'what is sent to everybody reaches each one who shares the port, also the sender, and nobody else',
    needs: ['everybody'],
    run: async (subject) => {
      const { here, there, everybody } = subject
      const first = await bound(subject, there, `${everybody}:0`, { shared: true })
      const at = `${everybody}:${first.address.split(':').at(-1)}`
      const second = await bound(subject, here, at, { shared: true })
      const alone = await bound(subject, here, subject.atHere)
      for (let tries = 0; tries < 20 && (first.got.length === 0 || second.got.length === 0); tries++) {
        alone.socket?.send(bytesOf('all'), at)
        await subject.pass(20)
      }
      for (const ear of [first, second])
        equal(ear.got[0], { text: 'all', from: alone.address }, 'what was heard')
      equal(alone.got, [], 'what a socket of another port heard')
      const own = second.got.length
      for (let tries = 0; tries < 20 && second.got.length === own; tries++) {
        second.socket?.send(bytesOf('me too'), at)
        await subject.pass(20)
      }
      equal(second.got.at(-1)?.text, 'me too', 'what the sender heard of itself')
    },
  },
  {
    name: 'who shares a port and closes leaves it to the others, and who does not share gets none of it',
    needs: ['everybody'],
    run: async (subject) => {
      const { here, there, everybody } = subject
      const first = await bound(subject, there, `${everybody}:0`, { shared: true })
      const at = `${everybody}:${first.address.split(':').at(-1)}`
      const second = await bound(subject, there, at, { shared: true })
      const selfish = new Ear().bind(there, at)
      await comes(subject, () => selfish.said.length > 0, 'the failure')
      equal(selfish.said, ['failed: in-use'], 'what a socket that does not share said')
      second.socket?.close()
      const asker = await bound(subject, here, subject.atHere)
      await arrives(subject, asker, first, 'still there', at)
      equal(second.got.length, 0, 'what the closed one heard')
    },
  },
  {
    name: 'interfaces: each has a name, an address of its family, and a subnet',
    run: async ({ there }) => {
      const interfaces = there.interfaces?.() ?? []
      for (const { name, family, address, prefix, broadcast } of interfaces) {
        const what = JSON.stringify({ name, family, address, prefix, broadcast })
        check(
          name !== '' && address !== '' && !/[%/]/.test(address),
          `a name and a plain address, not ${what}`,
        )
        check(prefix >= 0 && prefix <= (family === 4 ? 32 : 128), `bits of the subnet in ${what}`)
        check(family === 4 || broadcast === null, `no broadcast with IPv6, not ${what}`)
      }
    },
  },
]

/** A socket and all that it heard. */
class Ear {
  readonly got: { text: string; from: Address }[] = []
  readonly said: string[] = []
  address: Address = ''
  socket: DatagramSocket | undefined

  bind(datagrams: Datagrams, at: Address, options?: DatagramOptions): this {
    let inside = true
    const say = (what: string): void => void this.said.push(inside ? `${what} (inside of bind)` : what)
    const handlers: DatagramHandlers = {
      listening: (address) => {
        say('listening')
        this.address = address
      },
      message: (bytes, from) => void this.got.push({ text: textOf(bytes), from }),
      failed: ({ code, text }) => {
        // Nothing is thrown at the subject: what is said is compared.
        say(`failed: ${code}${text.length > 10 ? '' : ' without a sentence'}`)
      },
    }
    this.socket = datagrams.bind(at, handlers, options)
    inside = false
    return this
  }
}

async function bound(
  subject: DatagramsSubject,
  datagrams: Datagrams,
  at: Address,
  options?: DatagramOptions,
): Promise<Ear> {
  const ear = new Ear().bind(datagrams, at, options)
  await comes(subject, () => ear.said.length > 0, `listening or failed for ${at}`)
  check(ear.said[0] === 'listening', `expected to bind ${at}, but ${ear.said[0]}`)
  return ear
}

async function pair(subject: DatagramsSubject): Promise<[Ear, Ear]> {
  return [
    await bound(subject, subject.here, subject.atHere),
    await bound(subject, subject.there, subject.atThere),
  ]
}

/** Sends until it arrives, as whoever uses datagrams must. */
async function arrives(
  subject: DatagramsSubject,
  from: Ear,
  to: Ear,
  text: string,
  address: Address = to.address,
): Promise<void> {
  const before = to.got.length
  const arrived = (): boolean => to.got.slice(before).some((one) => one.text === text)
  for (let tries = 0; tries < 20 && !arrived(); tries++) {
    from.socket?.send(bytesOf(text), address)
    for (let waited = 0; waited < 10 && !arrived(); waited++) await subject.pass(5)
  }
  check(arrived(), `expected one of 20 equal datagrams of ${text.length} bytes to arrive`)
}
