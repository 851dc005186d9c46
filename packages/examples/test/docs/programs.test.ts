import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { blocksOf, chapters, examplesOf, page } from './pages.js'
import type { Block, Example } from './pages.js'
import { Workshop } from './workshop.js'

/** What the examples in doc comments may use without saying so. */
const preamble = `
import { actor, actorSystem, nactEngine, openSnapshots, receive, reply, serviceKey } from '@tanist/core'
import type { ActorRef, ActorSystem, Receives } from '@tanist/core'
import { actorTest, checkActors, crashPoints, effectsOf, standIn } from '@tanist/core/testing'
import { crashPointsArbitrary } from '@tanist/core/testing/arbitraries'
import type { Folder, Journal, ListenHandlers, Log } from '@tanist/core'
import * as kit from '@tanist/core/testing'
import {
  checkDeterminism, checkSameRuns, diskContract, engineContract, hostContract, journalContract, networkContract,
  snapshotsContract, timersPassage,
} from '@tanist/core/testing'
import type { Schedule, World } from '@tanist/core/testing'
import type { Disk, Engine, Host, Timers } from '@tanist/core'
import { always, law, Outside, passed, runSchedule, simulate, testRole, work } from '@tanist/singleton/testing'
import { modelTest, testCluster } from '@tanist/singleton/testing/property'
import * as fc from 'fast-check'
import { eventLoopLoad, jsonLog, nodeHost, readJson, sendJson, startDiscovery } from '@tanist/transport'
import type { DiscoveryConfig, Found } from '@tanist/transport'
import { connect, join, newSecret, owner, persist, refuse, replicas, restore, ring, role, startPeer, startWitness } from '@tanist/singleton'
import type { AnyRole, EventPosition, Peer } from '@tanist/singleton'
import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { stock } from '../guide/stock.js'
declare const secret: string
declare const host: Host
declare const config: DiscoveryConfig
declare const dial: (hint: Found) => void
declare const handlers: ListenHandlers
declare const it: (name: string, test: (context: { skip: () => void }) => unknown) => void
declare const newSubject: Parameters<typeof journalContract>[0]
declare const newDisk: Parameters<typeof diskContract>[0]
declare const twoHosts: () => kit.HostSubject & kit.NetworkSubject
declare const myEngine: () => Engine
declare const newSnapshots: Parameters<typeof snapshotsContract>[0]
declare const folder: Folder
declare const system: ActorSystem
declare const printer: ActorRef<{ print: (m: { text: string }) => void }>
declare const log: Log
declare const journal: Journal
declare const state: unknown
declare const encode: (state: unknown) => Uint8Array[]
declare const peer: Peer
declare const laptop: string
declare const disk: Disk
declare const path: string
declare const timers: Timers
declare const office: (world: World) => void
declare const populate: (world: World) => void
declare const schedule: Schedule
declare const outside: Outside
declare const bookings: unknown[]
declare const orders: AnyRole
declare const kept: { readonly index: number }
declare const board: {
  replace(state: unknown, position: unknown): Promise<void>
  add(type: string, payload: unknown, position: unknown): Promise<void>
}
declare const request: IncomingMessage
declare const response: ServerResponse
`

interface Program {
  readonly file: string
  readonly place: string
  readonly block: Block
  /** What it prints, as the page says. */
  readonly output: Block | undefined
}

function programsOf(path: string, folder: string): Program[] {
  const blocks = blocksOf(page(path).text)
  return blocks.flatMap((block, i) => {
    if (block.words[0] !== 'ts') return []
    const name = /^\/\/ ([\w.-]+\.ts)$/m.exec(block.text.split('\n')[0] ?? '')?.[1]
    const next = blocks[i + 1]
    const output = next?.words[0] === 'text' ? next : undefined
    const file = `${folder}/${name ?? `line-${block.line}.ts`}`
    return [{ file, place: `${path}:${block.line}`, block, output }]
  })
}

/** A `return` or a bare statement of a doc comment stands in some function of its reader. */
function exampleFile({ text }: Example): string {
  return `${preamble}\nexport async function example(): Promise<unknown> {\n${text}\nreturn\n}\n`
}

const programs = [
  ...programsOf('README.md', 'readme'),
  // One folder: chapters use the roles of those before.
  ...['docs/guide.md', ...chapters()].flatMap((path) => programsOf(path, 'guide')),
  ...programsOf('docs/testing.md', 'testing'),
  ...programsOf('docs/actors.md', 'actors'),
  ...programsOf('docs/envelope.md', 'testing'),
]
const examples = ['core', 'transport', 'singleton'].flatMap((name) => examplesOf(name))

describe('programs of the documents', () => {
  let workshop: Workshop
  let complaints = ''
  beforeAll(async () => {
    workshop = new Workshop()
    for (const { file, block } of programs) workshop.write(file, block.text)
    for (const [i, example] of examples.entries()) workshop.write(`examples/${i}.ts`, exampleFile(example))
    complaints = await workshop.compile()
  })
  afterAll(() => workshop.close())

  it('are found: in the README, in the guide and in doc comments', () => {
    expect(programs.filter(({ file }) => file.startsWith('readme')).length).toBeGreaterThan(0)
    expect(programs.filter(({ file }) => file.startsWith('guide')).length).toBeGreaterThan(20)
    expect(new Set(programs.map(({ file }) => file)).size).toBe(programs.length)
    const paths = examples.map(({ path }) => path)
    expect(paths).toContain('packages/singleton/src/join.ts')
    expect(paths).toContain('packages/singleton/src/role/define.ts')
    expect(paths).toContain('packages/core/src/actor/behavior.ts')
  })

  it('all compile against the built packages, under strict', () => {
    const where = examples.map(({ path }, i) => `examples/${i}.ts is ${path}`).join('\n')
    expect(complaints, where).toBe('')
  })

  it.each(programs.filter(({ block }) => block.words.includes('run')))(
    '$file prints what $place says',
    async ({ file, output }) => {
      const {
        code,
        output: printed,
        errors,
      } = await workshop.node([`${workshop.folder}/${file.replace(/ts$/, 'js')}`])
      expect(code, errors).toBe(0)
      expect(printed).toBe(output?.text)
    },
  )
})

describe('the compiler of these tests', () => {
  it('finds a wrong program', async () => {
    const workshop = new Workshop()
    try {
      workshop.write('wrong.ts', `import { role } from '@tanist/singleton'\nrole('x', { state: () => 1 })\n`)
      expect(await workshop.compile()).toMatch(/wrong\.ts.*TS\d+/)
    } finally {
      await workshop.close()
    }
  })
})
