const QUOTE = 0x22
const BACKSLASH = 0x5c

/**
 * Whether JSON text is nested deeper than so many levels: asked before it is parsed, which costs 50 ns for each level
 * (and whoever reads what comes out may walk it by calling itself).
 */
export function isDeeperThan(bytes: Uint8Array, levels: number): boolean {
  if (bytes.length <= levels) return false
  let depth = 0
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]
    if (byte === QUOTE) i = endOfText(bytes, i)
    // [ and {, ] and }: they differ in one bit.
    else if ((byte! | 0x20) === 0x7b) {
      if (++depth > levels) return true
    } else if ((byte! | 0x20) === 0x7d) depth--
  }
  return false
}

function endOfText(bytes: Uint8Array, begin: number): number {
  let i = bytes.indexOf(QUOTE, begin + 1)
  for (; i >= 0; i = bytes.indexOf(QUOTE, i + 1)) {
    let slashes = 0
    while (bytes[i - 1 - slashes] === BACKSLASH) slashes++
    if (slashes % 2 === 0) return i
  }
  return bytes.length
}
