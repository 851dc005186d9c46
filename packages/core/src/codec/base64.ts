const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const codes: Uint8Array = Uint8Array.from(DIGITS, (digit) => digit.charCodeAt(0))
/** By character code; 255 for what is no digit. */
const values: Uint8Array = new Uint8Array(256).fill(255)
codes.forEach((code, value) => (values[code] = value))
const PAD = '='.charCodeAt(0)
const ascii = new TextDecoder()

/** Browsers have no `Buffer`. */
export function toBase64(bytes: Uint8Array): string {
  const { length } = bytes
  const out = new Uint8Array(Math.ceil(length / 3) * 4).fill(PAD)
  let at = 0
  for (let i = 0; i < length; i += 3) {
    const [a = 0, b = 0, c = 0] = [bytes[i], bytes[i + 1], bytes[i + 2]]
    out[at] = codes[a >> 2]!
    out[at + 1] = codes[((a & 3) << 4) | (b >> 4)]!
    if (i + 1 < length) out[at + 2] = codes[((b & 15) << 2) | (c >> 6)]!
    if (i + 2 < length) out[at + 3] = codes[c & 63]!
    at += 4
  }
  return ascii.decode(out)
}

/** Null when `toBase64` cannot have made it. */
export function fromBase64(text: string): Uint8Array | null {
  if (text.length % 4 !== 0) return null
  const pads = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  const digits = text.length - pads
  const bytes = new Uint8Array((text.length / 4) * 3 - pads)
  let bits = 0
  let held = 0
  let at = 0
  for (let i = 0; i < digits; i++) {
    const code = text.charCodeAt(i)
    const value = code < 256 ? values[code]! : 255
    if (value === 255) return null
    bits = ((bits << 6) | value) & 0xffffff
    held += 6
    if (held < 8) continue
    held -= 8
    bytes[at++] = bits >> held
  }
  // What is left over must be nothing, so that the same bytes have one form.
  return (bits & ((1 << held) - 1)) === 0 ? bytes : null
}
