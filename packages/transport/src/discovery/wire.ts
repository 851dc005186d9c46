import type { Address } from '@tanist/core'
import { discoveryNameBytes } from '../limits.js'
import {
  canBeDialled,
  ipv4Bytes,
  ipv4FromBytes,
  ipv6Bytes,
  ipv6Text,
  joinAddress,
  kindOf,
  splitAddress,
} from './addresses.js'

/** It is not in our form. Never leaves this folder. */
export class FormError extends Error {}

const hex32 = /^[0-9a-f]{32}$/
const printable = /^[!-~]{1,64}$/

export const canBeSaid = (id: string): boolean => printable.test(id)

export class Writer {
  #bytes: Buffer
  length = 0

  constructor(capacity: number) {
    this.#bytes = Buffer.alloc(capacity)
  }

  u8(value: number): void {
    this.length = this.#bytes.writeUInt8(value, this.length)
  }

  u16(value: number): void {
    this.length = this.#bytes.writeUInt16BE(value, this.length)
  }

  u32(value: number): void {
    this.length = this.#bytes.writeUInt32BE(value, this.length)
  }

  u64(value: number): void {
    this.length = this.#bytes.writeBigUInt64BE(BigInt(value), this.length)
  }

  raw(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.length)
    this.length += bytes.length
  }

  id(id: string): void {
    if (hex32.test(id)) {
      this.u8(1)
      this.raw(Buffer.from(id, 'hex'))
    } else this.text(id)
  }

  text(text: string): void {
    this.u8(0)
    this.u8(text.length)
    this.raw(Buffer.from(text, 'ascii'))
  }

  address(address: Address): void {
    const { host, port } = splitAddress(address) ?? { host: '', port: 0 }
    const kind = kindOf(host)
    if (kind === 'name') this.text(host)
    else {
      this.u8(kind)
      this.raw(kind === 4 ? ipv4Bytes(host) : (ipv6Bytes(host) ?? new Uint8Array(16)))
    }
    this.u16(port)
  }

  /** A field: tag, length, and what `write` writes. */
  field(tag: number, write: () => void): void {
    this.u8(tag)
    const at = this.length
    this.u16(0)
    write()
    this.#bytes.writeUInt16BE(this.length - at - 2, at)
  }

  bytes(): Buffer {
    return this.#bytes.subarray(0, this.length)
  }
}

/** Throws a `FormError` for whatever a `Writer` would not have written. */
export class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  raw(length: number): Buffer {
    if (length > this.left) throw new FormError('truncated')
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  u8(): number {
    return this.raw(1).readUInt8()
  }

  u16(): number {
    return this.raw(2).readUInt16BE()
  }

  u32(): number {
    return this.raw(4).readUInt32BE()
  }

  u64(): number {
    const value = this.raw(8).readBigUInt64BE()
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new FormError('a number beyond 2^53')
    return Number(value)
  }

  id(): string {
    const kind = this.u8()
    if (kind === 1) return this.raw(16).toString('hex')
    const text = this.#text(kind)
    if (!canBeSaid(text) || hex32.test(text)) throw new FormError('no id')
    return text
  }

  address(): Address {
    const kind = this.u8()
    const host =
      kind === 4 ? ipv4FromBytes(this.raw(4)) : kind === 6 ? ipv6Text(this.raw(16)) : this.#text(kind)
    const address = joinAddress(host, this.u16())
    if (!canBeDialled(address)) throw new FormError('no address')
    return address
  }

  #text(kind: number): string {
    const length = kind === 0 ? this.u8() : 0
    if (length === 0 || length > discoveryNameBytes) throw new FormError('no text')
    // One byte a character, so that it is written again as it came.
    return this.raw(length).toString('latin1')
  }
}
