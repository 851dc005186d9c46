import { execFile } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'

/**
 * The type-check of all tests wants an error below each `@ts-expect-error`, but takes any. Here the comments are
 * taken away, and the errors must be those that they announce: a wrong program must not be refused for a typing
 * mistake of its own.
 */

const root = fileURLToPath(new URL('../../../', import.meta.url))
const announcement = /^ *\/\/ @ts-expect-error (TS\d+) (.+)$/

interface Wrong {
  readonly place: string
  readonly code: string
  readonly why: string
}

/** By the line of the program below it. */
function announced(file: string, text: string): Wrong[] {
  return text.split('\n').flatMap((line, i) => {
    const [, code, why] = announcement.exec(line) ?? []
    return code === undefined || why === undefined ? [] : [{ place: `${file}:${i + 2}`, code, why }]
  })
}

const modules = [
  ['@tanist', 'packages/examples/node_modules'],
  ['rxjs', 'packages/core/node_modules'],
  ['ts-pattern', 'packages/core/node_modules'],
] as const

const options = {
  target: 'es2022',
  lib: ['es2023'],
  module: 'nodenext',
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  noEmit: true,
  skipLibCheck: true,
  customConditions: ['@tanist/source'],
  types: ['node'],
  typeRoots: [join(root, 'node_modules/@types')],
}

async function compile(folder: string): Promise<string> {
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const run = promisify(execFile)(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], { cwd: folder })
  return run.then(
    ({ stdout }) => stdout,
    (error: { readonly stdout: string }) => error.stdout,
  )
}

/** The tests of the programs beside the test file `url`; of the wrong ones there are `least` or more. */
export function wrongPrograms(url: string, least: number): void {
  const here = fileURLToPath(new URL('.', url))
  const files = readdirSync(here).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  const wrong: Wrong[] = []
  let errors: readonly { readonly place: string; readonly code: string; readonly text: string }[] = []
  const folder = mkdtempSync(join(tmpdir(), 'tanist-wrong-'))

  beforeAll(async () => {
    mkdirSync(join(folder, 'node_modules'))
    for (const [name, at] of modules)
      symlinkSync(join(root, at, name), join(folder, 'node_modules', name), 'junction')
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: options, include: ['*.ts'] }),
    )
    for (const file of files) {
      const text = readFileSync(join(here, file), 'utf8')
      wrong.push(...announced(file, text))
      writeFileSync(join(folder, file), text.replaceAll(/^ *\/\/ @ts-expect-error.*$/gm, ''))
    }
    const found = (await compile(folder)).matchAll(
      /^(?:.*[/\\])?([\w-]+\.ts)\((\d+),\d+\): error (TS\d+): (.*)$/gm,
    )
    errors = [...found].map(([, file, line, code = '', text = '']) => ({
      place: `${file}:${line}`,
      code,
      text,
    }))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('are many, each announced with the error that refuses it', () => {
    const comments = files.flatMap(
      (file) => readFileSync(join(here, file), 'utf8').match(/^ *\/\/ @ts-expect-error/gm) ?? [],
    )
    expect(wrong.length).toBeGreaterThanOrEqual(least)
    expect(comments).toHaveLength(wrong.length)
  })

  it('are all refused, for the reason that they announce', () => {
    const said = (place: string): string[] =>
      errors.filter((error) => error.place === place).map(({ code }) => code)
    const differing = wrong.filter(({ place, code }) => !said(place).includes(code))
    expect(differing.map((one) => ({ ...one, found: said(one.place) }))).toEqual([])
  })

  it('stand among right ones, which compile', () => {
    const places = new Set(wrong.map(({ place }) => place))
    expect(errors.filter(({ place }) => !places.has(place))).toEqual([])
  })
}
