import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const MARK = 'tanist-office-board'

/**
 * The names of the peers whose data is in this folder, which is made if need be. Throws an `Error` with a
 * sentence when it holds anything else: peers that leave are removed from it.
 */
export function openFolder(folder: string): string[] {
  try {
    mkdirSync(folder, { recursive: true })
    const entries = readdirSync(folder, { withFileTypes: true })
    if (entries.length > 0 && !entries.some(({ name }) => name === MARK)) {
      throw new Error('it holds other things')
    }
    writeFileSync(join(folder, MARK), 'The peers of a Tanist office board keep their data here.\n')
    const folders = entries.filter((entry) => entry.isDirectory())
    return folders.map(({ name }) => name).filter((name) => /^[a-z]+(?:-\d+)?$/.test(name))
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new Error(
      `The folder ${folder} cannot be used: ${why}. Give --data a new folder or one of an earlier office.`,
      { cause: error },
    )
  }
}
