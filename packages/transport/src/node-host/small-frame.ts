const finalBinary = 0x82
const lengthFollows = 126
const maskBit = 0x80
const maskBytes = 4

/** Of a frame that is sent in one piece: up to here copying costs less than it saves. */
export const smallFrameBytes = 1_000

/** A short message as one frame in one buffer (RFC 6455, 5.2). The mask is all zeros, see `wireOptions`. */
export function smallFrame(payload: Uint8Array, masked: boolean): Buffer {
  const { length } = payload
  const maskAt = length < lengthFollows ? 2 : 4
  const headBytes = maskAt + (masked ? maskBytes : 0)
  const frame = Buffer.allocUnsafe(headBytes + length)
  frame[0] = finalBinary
  frame[1] = (masked ? maskBit : 0) | Math.min(length, lengthFollows)
  if (maskAt === 4) frame.writeUInt16BE(length, 2)
  if (masked) frame.fill(0, maskAt, headBytes)
  frame.set(payload, headBytes)
  return frame
}
