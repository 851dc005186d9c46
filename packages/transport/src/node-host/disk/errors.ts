import { DiskError } from '@tanist/core'
import type { DiskErrorCode } from '@tanist/core'

const codes: Readonly<Record<string, DiskErrorCode>> = {
  ENOSPC: 'full',
  EDQUOT: 'full',
  EACCES: 'denied',
  EPERM: 'denied',
  EROFS: 'denied',
  ENOENT: 'missing',
}

const advice: Readonly<Record<DiskErrorCode, string>> = {
  full: 'Free space on that disk, then start again.',
  denied: 'Give this user the right to write there, or choose another data folder.',
  missing: 'Check the path.',
  locked: 'Stop the other process.',
  failed: 'Check the disk before starting again.',
}

/** `doing` completes "Cannot …", for example `write to /data/journal/1.seg`. */
export function diskError(error: unknown, doing: string): DiskError {
  if (error instanceof DiskError) return error
  const name = errno(error)
  const code = codes[name] ?? 'failed'
  return new DiskError(code, `Cannot ${doing}: ${name === '' ? String(error) : name}. ${advice[code]}`, error)
}

/** The system's name of an error, for example `ENOENT`; empty for other errors. */
export function errno(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

export function guarded<T>(doing: string, run: () => T): T {
  try {
    return run()
  } catch (error) {
    throw diskError(error, doing)
  }
}
