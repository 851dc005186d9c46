import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Address } from '@tanist/core'
import { discoveryAddresses, discoveryBytes, discoveryLeastBytes, discoveryMembers } from '../limits.js'
import { canBeDialled, ipv6Bytes, kindOf, splitAddress } from './addresses.js'
import type { KnownKey } from './keys.js'
import type { DiscoveryView } from './types.js'
import { canBeSaid, FormError, Reader, Writer } from './wire.js'

/**
 * What peers say to each other by UDP, all of it only hints:
 *
 * `"TAN1" type flags keyId:4 tag:8 instance:16 counter:8 unixMs:8 fields… code:16`
 *
 * A field is `tag:1 length:2 …`; each comes once, in the order of the tags, and only where its type has it. The code is
 * HMAC-SHA256 over all before it, cut to 128 bits. `tag` is another one for each application and secret, so that what is
 * not for this application costs no code. A hello is as long as the longest answer.
 */
export type SaidType = 'hello' | 'welcome' | 'hi' | 'beacon' | 'goodbye' | 'seek'

export interface Said {
  readonly type: SaidType
  /** Of one process; 32 hexadecimal digits. */
  readonly instance: string
  /** Grows with each datagram of an instance. */
  readonly counter: number
  readonly unixMs: number
  /** 16 hexadecimal digits: of the question, in a hello, a welcome and a hi. */
  readonly nonce: string | null
  /** A hello to one address: whoever shares it on that machine has to be told of it. */
  readonly single: boolean
  /** Null for a client's hello. */
  readonly view: DiscoveryView | null
}

export type DropReason =
  | 'size'
  | 'magic'
  | 'key'
  | 'mac'
  | 'form'
  | 'own'
  | 'replay'
  | 'clock'
  | 'nonce'
  | 'rate'
  | 'interface'

const magic = Buffer.from('TAN1')
export const headBytes = 50
const codeBytes = 16
const types: readonly SaidType[] = ['hello', 'welcome', 'hi', 'beacon', 'goodbye', 'seek']
const handedOn = 7
const flag = { single: 1, server: 2 } as const
const field = {
  nonce: 1,
  member: 2,
  incarnation: 3,
  cluster: 4,
  server: 5,
  successor: 6,
  term: 7,
  addresses: 8,
  members: 9,
  padding: 15,
} as const

/** Null when it cannot be said in `atMost` bytes: other members are left out first, then all but the first address. */
export function encodeSaid(said: Said, key: KnownKey, atMost: number = discoveryBytes): Uint8Array | null {
  const view = said.view && sayable(said.view, said.type)
  if (said.view !== null && view === null) return null
  for (const one of view === null ? [null] : shorter(view)) {
    const body = encodeBody(said, one, key)
    if (body.length + codeBytes > Math.min(atMost, discoveryBytes)) continue
    const { buffer, byteOffset, length } = body
    return Buffer.concat([new Uint8Array(buffer, byteOffset, length), codeOf(body, key)])
  }
  return null
}

function* shorter(view: DiscoveryView): Iterable<DiscoveryView> {
  for (let n = view.members.length; n >= 0; n--) yield { ...view, members: view.members.slice(0, n) }
  for (let n = view.addresses.length - 1; n > 0; n--)
    yield { ...view, members: [], addresses: view.addresses.slice(0, n) }
}

/** What of a view can be told; null when nobody could use it. */
export function sayable(view: DiscoveryView, type: SaidType): DiscoveryView | null {
  const good = (addresses: readonly Address[], atMost: number): Address[] =>
    [...new Set(addresses.filter(canBeDialled).map(canonical))].slice(0, atMost)
  const addresses = good(view.addresses, discoveryAddresses)
  const { memberId, clusterId, successor, server, incarnation, term } = view
  const ids = [memberId, clusterId, successor, server?.memberId ?? null]
  if (![incarnation, term].every((n) => Number.isSafeInteger(n) && n >= 0)) return null
  if (addresses.length === 0 || !ids.every((id) => id === null || canBeSaid(id))) return null
  return {
    ...view,
    addresses,
    server: server && canBeDialled(server.address) ? { ...server, address: canonical(server.address) } : null,
    // A beacon is heard by all, every few seconds: who wants to know more asks.
    members: type === 'welcome' || type === 'hi' ? good(view.members, discoveryMembers) : [],
  }
}

/** One way to write an address, so that it is the same after it was sent. */
function canonical(address: Address): Address {
  const parts = splitAddress(address)
  if (parts === undefined || kindOf(parts.host) !== 6) return address
  const bytes = ipv6Bytes(parts.host)
  if (bytes === undefined) return address
  const writer = new Writer(19)
  writer.address(address)
  return new Reader(writer.bytes()).address()
}

function encodeBody(said: Said, view: DiscoveryView | null, key: KnownKey): Buffer {
  const w = new Writer(2 * discoveryBytes)
  w.raw(magic)
  w.u8(types.indexOf(said.type) + 1)
  w.u8((said.single ? flag.single : 0) | (view?.isServer === true ? flag.server : 0))
  w.u32(key.id)
  w.raw(key.tag)
  w.raw(Buffer.from(said.instance, 'hex'))
  w.u64(said.counter)
  w.u64(said.unixMs)
  const { nonce } = said
  if (nonce !== null) w.field(field.nonce, () => w.raw(Buffer.from(nonce, 'hex')))
  if (view !== null) writeView(w, view)
  const short = discoveryBytes - codeBytes - w.length
  if (said.type === 'hello' && short >= 3) w.field(field.padding, () => w.raw(new Uint8Array(short - 3)))
  return w.bytes()
}

function writeView(w: Writer, view: DiscoveryView): void {
  const { memberId, incarnation, clusterId, server, successor, term, addresses, members } = view
  w.field(field.member, () => w.id(memberId))
  w.field(field.incarnation, () => w.u64(incarnation))
  if (clusterId !== null) w.field(field.cluster, () => w.id(clusterId))
  if (server !== null) {
    w.field(field.server, () => {
      w.id(server.memberId)
      w.address(server.address)
    })
  }
  if (successor !== null) w.field(field.successor, () => w.id(successor))
  w.field(field.term, () => w.u64(term))
  w.field(field.addresses, () => addresses.forEach((one) => w.address(one)))
  if (members.length > 0) w.field(field.members, () => members.forEach((one) => w.address(one)))
}

/** Never throws, whatever the bytes are. */
export function decodeSaid(
  bytes: Uint8Array,
  find: (keyId: number, tag: Uint8Array) => KnownKey | undefined,
): Said | DropReason {
  if (bytes.length < discoveryLeastBytes || bytes.length > discoveryBytes) return 'size'
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (!all.subarray(0, 4).equals(magic)) return 'magic'
  const key = find(all.readUInt32BE(6), all.subarray(10, 18))
  if (key === undefined) return 'key'
  const body = all.subarray(0, all.length - codeBytes)
  if (!timingSafeEqual(codeOf(body, key), all.subarray(body.length))) return 'mac'
  try {
    const said = readSaid(body)
    // One way to write everything: whatever is not exactly that was not written by a peer of ours.
    const again = encodeSaid(said, key)
    return again !== null && all.equals(again) ? said : 'form'
  } catch (error) {
    if (error instanceof FormError) return 'form'
    throw error
  }
}

function readSaid(body: Buffer): Said {
  const type = types[body.readUInt8(4) - 1]
  if (type === undefined) throw new FormError('no type')
  const flags = body.readUInt8(5)
  const instance = body.toString('hex', 18, 34)
  const head = new Reader(body.subarray(34, headBytes))
  const [counter, unixMs] = [head.u64(), head.u64()]
  const fields = readFields(new Reader(body.subarray(headBytes)))
  const nonce = fields.get(field.nonce)?.raw(8).toString('hex') ?? null
  const asks = type === 'hello' || type === 'welcome' || type === 'hi'
  if (asks !== (nonce !== null)) throw new FormError('nonce')
  const view = readView(fields, (flags & flag.server) !== 0)
  if (view === null && type !== 'hello') throw new FormError('no view')
  const single = (flags & flag.single) !== 0
  return { type, instance, counter, unixMs, nonce, single, view }
}

function readFields(reader: Reader): Map<number, Reader> {
  const fields = new Map<number, Reader>()
  let last = 0
  while (reader.left > 0) {
    const tag = reader.u8()
    if (tag <= last) throw new FormError('order of fields')
    last = tag
    fields.set(tag, new Reader(reader.raw(reader.u16())))
  }
  return fields
}

function readView(fields: ReadonlyMap<number, Reader>, isServer: boolean): DiscoveryView | null {
  const member = fields.get(field.member)
  if (member === undefined) return null
  const must = (tag: number): Reader => {
    const reader = fields.get(tag)
    if (reader === undefined) throw new FormError('a field is missing')
    return reader
  }
  const server = fields.get(field.server)
  return {
    memberId: member.id(),
    incarnation: must(field.incarnation).u64(),
    clusterId: fields.get(field.cluster)?.id() ?? null,
    addresses: readAddresses(must(field.addresses), discoveryAddresses),
    isServer,
    server: server === undefined ? null : { memberId: server.id(), address: server.address() },
    successor: fields.get(field.successor)?.id() ?? null,
    term: must(field.term).u64(),
    members: readAddresses(fields.get(field.members), discoveryMembers),
  }
}

function readAddresses(reader: Reader | undefined, atMost: number): Address[] {
  const addresses: Address[] = []
  if (reader === undefined) return addresses
  while (reader.left > 0) {
    if (addresses.length === atMost) throw new FormError('too many addresses')
    addresses.push(reader.address())
  }
  return addresses
}

function codeOf(body: Uint8Array, { key }: KnownKey): Buffer {
  return createHmac('sha256', key).update(body).digest().subarray(0, codeBytes)
}

/** A hello to one address, of whatever application: only the last process of a machine that shares a port hears it. */
export function isSingleHello(bytes: Uint8Array): boolean {
  if (bytes.length !== discoveryBytes || bytes[4] !== 1 || (bytes[5]! & flag.single) === 0) return false
  return magic.equals(bytes.subarray(0, 4))
}

/**
 * The same for the other processes of this machine, with where it came from. Not signed by who hands it on: that one may be
 * of another application. Whoever takes it believes the hello's own code, and the origin as much as that of any datagram.
 */
export function encodeHandedOn(hello: Uint8Array, origin: Address): Uint8Array {
  const w = new Writer(2 * discoveryBytes)
  w.raw(magic)
  w.u8(handedOn)
  w.address(origin)
  w.raw(hello)
  return w.bytes()
}

/** Undefined when it is none at all. */
export function decodeHandedOn(
  bytes: Uint8Array,
): { readonly hello: Uint8Array; readonly origin: Address } | 'form' | undefined {
  if (bytes.length < 5 || bytes[4] !== handedOn || !magic.equals(bytes.subarray(0, 4))) return undefined
  try {
    const reader = new Reader(bytes.subarray(5))
    const origin = reader.address()
    const hello = reader.raw(reader.left)
    return isSingleHello(hello) ? { hello, origin } : 'form'
  } catch (error) {
    if (error instanceof FormError) return 'form'
    throw error
  }
}
