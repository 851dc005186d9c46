import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What a program needs to be a trusted client of an office: whoever can read it, is one. */
export interface Access {
  readonly secret: string
  readonly addresses: readonly string[]
}

const FILE = 'operator.json'

/** Readable by this user alone, as it holds the secret. */
export function writeAccess(folder: string, access: Access): void {
  writeFileSync(join(folder, FILE), `${JSON.stringify(access)}\n`, { mode: 0o600 })
}

/** Throws an `Error` with a sentence when no office is open in this folder. */
export function readAccess(folder: string): Access {
  try {
    return JSON.parse(readFileSync(join(folder, FILE), 'utf8')) as Access
  } catch (error) {
    throw new Error(`No office keeps its data in ${folder}; "npm start" says which folder it uses.`, {
      cause: error,
    })
  }
}
