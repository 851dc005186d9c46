import { isDeeperThan } from './depth.js'
import { CodecError } from './error.js'
import { BODY_DEPTH_LIMIT, FRAME_BYTE_LIMIT, FRAME_MESSAGE_LIMIT } from './limits.js'
import { getU32, setU32 } from './bytes.js'
import { Slabs } from './text.js'

/** One message of a link frame. */
export interface FrameMessage {
  /** One ASCII letter: which part of the peer reads it. */
  readonly channel: string
  /** JSON; what else it may be is for the reader to check. */
  readonly body: unknown
  /** Raw bytes beside it. */
  readonly data?: Uint8Array
}

/*
 * frame    version u8 (1) | count u32 | messages, little-endian
 * message  channel u8 | body length u32 | data length u32 (all ones: no data) | body as JSON | data
 */
const VERSION = 1
const FRAME_HEAD_BYTES = 5
const MESSAGE_HEAD_BYTES = 9
const NO_DATA = 0xffffffff
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
/** Of frames, which are gone once they are sent. */
const slabs = new Slabs()

/**
 * Many messages as one frame: at most 4 MiB and 4,096 messages.
 *
 * @throws CodecError above the limits, or when a body is not JSON
 */
export function encodeFrame(messages: readonly FrameMessage[]): Uint8Array {
  if (messages.length > FRAME_MESSAGE_LIMIT) throw new CodecError(`more than ${FRAME_MESSAGE_LIMIT} messages`)
  const parts = messages.map(toPart)
  const size = parts.reduce((sum, part) => sum + part.size, FRAME_HEAD_BYTES)
  if (size > FRAME_BYTE_LIMIT) throw new CodecError(`a frame of more than ${FRAME_BYTE_LIMIT} bytes`)
  return writeFrame(parts, size)
}

/**
 * As many messages as there are, in as few frames as the limits allow. A message that is no JSON or too large
 * for any frame is left out and handed to `refused`. `byteLimit`: of each frame, when it is to be less than usual.
 */
export function encodeFrames<M extends FrameMessage>(
  messages: readonly M[],
  refused: (message: M, error: CodecError) => void,
  byteLimit: number = FRAME_BYTE_LIMIT,
): Uint8Array[] {
  const frames: Uint8Array[] = []
  let parts: Part[] = []
  let size = FRAME_HEAD_BYTES
  for (const message of messages) {
    const part = tryPart(message, refused, byteLimit)
    if (part === null) continue
    if (size + part.size > byteLimit || parts.length === FRAME_MESSAGE_LIMIT) {
      frames.push(writeFrame(parts, size))
      parts = []
      size = FRAME_HEAD_BYTES
    }
    parts.push(part)
    size += part.size
  }
  if (parts.length > 0) frames.push(writeFrame(parts, size))
  return frames
}

interface Part {
  readonly channel: string
  readonly body: Uint8Array
  readonly data: Uint8Array | undefined
  readonly size: number
}

function toPart(message: FrameMessage): Part {
  const body = encodeBody(message)
  const { channel, data } = message
  return { channel, body, data, size: MESSAGE_HEAD_BYTES + body.length + (data?.length ?? 0) }
}

function tryPart<M extends FrameMessage>(
  message: M,
  refused: (message: M, error: CodecError) => void,
  byteLimit: number,
): Part | null {
  try {
    const part = toPart(message)
    if (FRAME_HEAD_BYTES + part.size <= byteLimit) return part
    refused(message, new CodecError(`a message of ${part.size} bytes, more than a frame holds`))
  } catch (error) {
    refused(
      message,
      error instanceof CodecError ? error : new CodecError('a body that is not JSON', '', error),
    )
  }
  return null
}

function writeFrame(parts: readonly Part[], size: number): Uint8Array {
  const bytes = slabs.take(size)
  bytes[0] = VERSION
  setU32(bytes, 1, parts.length)
  let at = FRAME_HEAD_BYTES
  for (const { channel, body, data, size: partSize } of parts) {
    bytes[at] = channel.charCodeAt(0)
    setU32(bytes, at + 1, body.length)
    setU32(bytes, at + 5, data?.length ?? NO_DATA)
    bytes.set(body, at + MESSAGE_HEAD_BYTES)
    if (data !== undefined) bytes.set(data, at + MESSAGE_HEAD_BYTES + body.length)
    at += partSize
  }
  return bytes
}

/**
 * The messages of a frame; `data` are views into `bytes`.
 *
 * @throws CodecError when it is malformed or above the limits
 */
export function decodeFrame(bytes: Uint8Array): FrameMessage[] {
  if (bytes.length > FRAME_BYTE_LIMIT) throw new CodecError(`a frame of more than ${FRAME_BYTE_LIMIT} bytes`)
  if (bytes.length < FRAME_HEAD_BYTES) throw new CodecError('a frame without its head')
  if (bytes[0] !== VERSION) throw new CodecError('a frame of an unknown version')
  const count = getU32(bytes, 1)
  if (count > FRAME_MESSAGE_LIMIT) throw new CodecError(`more than ${FRAME_MESSAGE_LIMIT} messages`)
  const messages: FrameMessage[] = []
  let at = FRAME_HEAD_BYTES
  for (let i = 0; i < count; i++) {
    if (at + MESSAGE_HEAD_BYTES > bytes.length) throw new CodecError('a frame that ends too early')
    const channel = String.fromCharCode(bytes[at]!)
    const bodyEnd = at + MESSAGE_HEAD_BYTES + getU32(bytes, at + 1)
    const dataLength = getU32(bytes, at + 5)
    const end = bodyEnd + (dataLength === NO_DATA ? 0 : dataLength)
    if (end > bytes.length) throw new CodecError('a frame that ends too early')
    const body = decodeBody(channel, bytes.subarray(at + MESSAGE_HEAD_BYTES, bodyEnd))
    messages.push(
      dataLength === NO_DATA ? { channel, body } : { channel, body, data: bytes.subarray(bodyEnd, end) },
    )
    at = end
  }
  if (at !== bytes.length) throw new CodecError('a frame with bytes behind its end')
  return messages
}

function encodeBody({ channel, body }: FrameMessage): Uint8Array {
  checkChannel(channel)
  const text = JSON.stringify(body) as string | undefined
  if (text === undefined) throw new CodecError(`the body of a message on channel ${channel} is not JSON`)
  return slabs.encode(text)
}

function decodeBody(channel: string, bytes: Uint8Array): unknown {
  checkChannel(channel)
  // Short ones, nearly all, need no look.
  if (bytes.length > BODY_DEPTH_LIMIT * 2 && isDeeperThan(bytes, BODY_DEPTH_LIMIT))
    throw new CodecError(`the body of a message on channel ${channel} is nested too deep`)
  try {
    return JSON.parse(strictUtf8.decode(bytes)) as unknown
  } catch (error) {
    throw new CodecError(`the body of a message on channel ${channel} is not JSON`, '', error)
  }
}

function checkChannel(channel: string): void {
  const code = channel.length === 1 ? channel.charCodeAt(0) | 0x20 : 0
  if (code < 0x61 || code > 0x7a) throw new CodecError('a channel is one ASCII letter')
}
