import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join as path } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, it } from 'vitest'
import { join } from '../../src/index.js'
import type { AnyRole, Peer } from '../../src/index.js'
import { four } from '../role/aged.js'
import type { State4 } from '../role/aged.js'

const JOURNALS = fileURLToPath(new URL('../fixtures/journals', import.meta.url))
const root = mkdtempSync(path(tmpdir(), 'tanist-journals-'))
let peer: Peer | null = null

afterEach(async () => {
  await peer?.stop()
  peer = null
  rmSync(root, { recursive: true, force: true })
})

interface Recorded {
  readonly orders: number
  readonly state: {
    readonly open: Readonly<Record<string, number | { readonly cents: number; readonly currency: string }>>
    readonly settled: number
  }
}

function recorded(folder: string): Recorded {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by make.mjs
  return JSON.parse(readFileSync(path(JOURNALS, `${folder}.json`), 'utf8')) as Recorded
}

/** What the newest release must make of it. */
function today({ open, settled }: Recorded['state']): State4 {
  const money = (of: number | { readonly cents: number; readonly currency: string }) =>
    typeof of === 'number' ? { cents: of, currency: 'EUR' } : of
  return {
    open: Object.fromEntries(Object.entries(open).map(([id, of]) => [id, { price: money(of) }])),
    settled,
  }
}

async function open(folder: string, roles: readonly AnyRole[]): Promise<Peer> {
  const data = path(root, folder)
  cpSync(path(JOURNALS, folder), data, { recursive: true })
  peer = await join({
    app: 'journals',
    roles,
    data,
    listen: '127.0.0.1:0',
    expect: 1,
    timing: { settleMs: 20 },
    log: { write: () => {} },
  })
  return peer
}

it.each(['pairs', 'versions'])(
  'the newest release loads the journal and the snapshot in %s, and goes on',
  async (folder) => {
    const { state, orders } = recorded(folder)
    const { open: before } = state
    const it = await open(folder, [four])
    expect(await it.read(four)).toEqual(today(state))
    // The outcomes are there, too: what the first release answered is not done again.
    const first = await it.role(four).reserve({ id: 'again', cents: 1 }, { id: 'shop:2' })
    expect(first).toMatchObject({ status: 'ok', value: 'o1' })
    expect(
      await it
        .role(four)
        .reserve({ id: 'next', cents: 1 }, { id: `shop:${2 * orders + 2}` })
        .value(),
    ).toBe(Object.keys(before).length + 1)
    expect(it.status().server?.name).toBeDefined()
  },
)
