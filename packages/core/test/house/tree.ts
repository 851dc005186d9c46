import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Verdict {
  readonly code: number | null
  readonly problems: string[]
  readonly said: string
}

const house = fileURLToPath(new URL('../../../../', import.meta.url))

/** Runs a script of the house as its users do; without `root` on the house itself. */
export function runScript(script: string, root: string = house): Verdict {
  const run = spawnSync(process.execPath, [join(house, 'scripts', script), root], { encoding: 'utf8' })
  return { code: run.status, problems: run.stderr.split('\n').filter(Boolean), said: run.stdout }
}

/** Writes the files (path to text) into a new folder, lets `look` see it, and removes it. */
export function inTree<T>(files: Readonly<Record<string, string>>, look: (root: string) => T): T {
  const root = mkdtempSync(join(tmpdir(), 'tanist-house-'))
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), text)
    }
    return look(root)
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}
