import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { parseSchedule } from '@tanist/core/testing'
import type { Schedule } from '@tanist/core/testing'
import { TestMisuse } from './errors.js'
import { PEERS } from './options.js'
import type { KeptCase } from './options.js'

/** Budgets of a test are real time. */
export function nowMs(): number {
  return performance.now()
}

export interface CaseFile extends KeptCase {
  readonly file: string
}

/** All cases of a folder, by name of their file. */
export function readFolder(folder: string): CaseFile[] {
  if (!existsSync(folder)) throw new TestMisuse(`There is no folder ${resolve(folder)} with kept schedules.`)
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .toSorted()
    .map((file) => readCase(join(folder, file)))
}

/** A case as `writeReport` writes it. */
export function readCase(file: string): CaseFile {
  let json: unknown
  try {
    json = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new TestMisuse(`The schedule file ${file} cannot be read: ${String(error)}`, { cause: error })
  }
  const { seed, schedule, peers = PEERS, law, why } = json as Partial<KeptCase>
  if (typeof seed !== 'number')
    throw new TestMisuse(`The schedule file ${file} has no seed; it must be a number.`)
  if (!Number.isInteger(peers) || peers < 1)
    throw new TestMisuse(
      `The schedule file ${file} has peers ${peers}; it must be a whole number, 1 or more.`,
    )
  return {
    file,
    seed,
    schedule: checkedSchedule(file, schedule),
    peers,
    ...(law === undefined ? {} : { law }),
    ...(why === undefined ? {} : { why }),
  }
}

function checkedSchedule(file: string, schedule: unknown): Schedule {
  try {
    return parseSchedule(schedule)
  } catch (error) {
    throw new TestMisuse(`The schedule file ${file} is not right: ${String(error)}`, { cause: error })
  }
}

/** Writes the parts of a report into `folder`, and says where, as seen from the working folder. */
export function writeReport(folder: string, name: string, parts: Readonly<Record<string, string>>): string[] {
  mkdirSync(folder, { recursive: true })
  return Object.entries(parts).map(([ending, text]) => {
    const path = join(folder, `${name}.${ending}`)
    writeFileSync(path, text)
    return relative('', path)
  })
}
