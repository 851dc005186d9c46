import type { PlainCodec, PlainOptions } from './types.js'

/** JSON as UTF-8. */
function jsonCodec<Message>(): PlainCodec<Message> {
  const encoder = new TextEncoder()
  const decoder = new TextDecoder()
  return {
    encode: (message) => encoder.encode(JSON.stringify(message)),
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it was encoded from one
    decode: (bytes) => JSON.parse(decoder.decode(bytes)) as Message,
  }
}

/** Null when messages are passed as they are. */
export function codecOf<Message>(wire: PlainOptions<Message>['wire']): PlainCodec<Message> | null {
  if (wire === undefined || wire === 'objects') return null
  return wire === 'bytes' ? jsonCodec() : wire
}
