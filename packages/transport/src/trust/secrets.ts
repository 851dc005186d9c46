import { createHash, randomBytes, scryptSync } from 'node:crypto'
import { passphraseLength, passphraseLetters } from '../limits.js'

const made = /^tanist_[\w-]{43}$/

/** A secret of 256 random bits, as text to put into a file or an environment variable. */
export function newSecret(): string {
  return `tanist_${randomBytes(32).toString('base64url')}`
}

/** A secret as it counts: a file that it was read from ends in a newline, and may begin with a byte order mark. */
export function bare(secret: string): string {
  return secret.trim()
}

/** What is wrong with a bare secret, and what is allowed; undefined when it will do. The empty one is for the caller to judge. */
export function weakness(secret: string): string | undefined {
  if (made.test(secret)) return undefined
  const allowed = `allowed is what newSecret() makes, or a passphrase of ${passphraseLength} characters and more`
  if (secret.startsWith('tanist_')) {
    return `It begins as what newSecret() makes and is not whole (${secret.length} characters of 50); ${allowed}.`
  }
  const letters = Array.from(secret)
  if (letters.length < passphraseLength) return `It has ${letters.length} characters; ${allowed}.`
  const different = new Set(letters).size
  return different < passphraseLetters
    ? `It has only ${different} different characters; ${allowed}.`
    : undefined
}

/** scrypt of RFC 7914 with 16 MiB of memory, some 35 ms for each guess. */
const stretching = { N: 2 ** 14, r: 8, p: 1 }

const stretched = new Map<string, Buffer>()

/** What keys are derived from: made secrets as they are, passphrases stretched, once in each process. */
export function keyMaterial(app: string, secret: string): Buffer {
  if (secret === '' || made.test(secret)) return Buffer.from(secret)
  const salt = `tanist v2 passphrase ${app}`
  const at = createHash('sha256')
    .update(JSON.stringify([salt, secret]))
    .digest('base64')
  const known = stretched.get(at)
  if (known !== undefined) return known
  const material = scryptSync(secret, salt, 32, stretching)
  stretched.set(at, material)
  return material
}
