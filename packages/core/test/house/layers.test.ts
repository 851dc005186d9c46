import { describe, expect, it } from 'vitest'
import { inTree, runScript, type Verdict } from './tree.js'

const manifest = (name: string, dependencies: Record<string, string> = {}): string =>
  JSON.stringify({
    name: `@tanist/${name}`,
    exports: { '.': './dist/index.js', './testing': './dist/testing/index.js' },
    dependencies,
  })

/** A small house in which every import is good. */
const good: Readonly<Record<string, string>> = {
  'packages/core/package.json': manifest('core', { nact: '1', rxjs: '1', 'fast-check': '1' }),
  'packages/core/src/index.ts': `export * from './actor/index.js'`,
  'packages/core/src/invariant.ts': `export const invariant = 1`,
  'packages/core/src/actor/index.ts': `export { engine } from './engine.js'`,
  'packages/core/src/actor/engine.ts': `import { start } from 'nact'\nimport { x } from '../host/index.js'`,
  'packages/core/src/actor/cell.ts': `import { invariant } from '../invariant.js'`,
  'packages/core/src/host/index.ts': `export { disk } from './disk/index.js'`,
  'packages/core/src/host/disk/index.ts': `export { disk } from './file.js'`,
  'packages/core/src/host/disk/file.ts': `import { at } from '../clock.js'\nexport const disk = at`,
  'packages/core/src/host/clock.ts': `export const at = new Date(0)`,
  'packages/core/src/testing/index.ts': `export const world = 1`,
  'packages/core/src/testing/arbitraries.ts': `import * as fc from 'fast-check'`,
  'packages/transport/package.json': manifest('transport', { '@tanist/core': '1', ws: '1' }),
  'packages/transport/src/index.ts': `import { WebSocket } from 'ws'\nimport fs from 'node:fs'\nimport '@tanist/core'`,
  'packages/singleton/package.json': manifest('singleton', { '@tanist/core': '1', '@tanist/transport': '1' }),
  'packages/singleton/src/join.ts': `import type { A } from 'node:http'\nimport { nodeHost } from '@tanist/transport'\nprocess.env`,
  'packages/singleton/src/index.ts': `export * from './join.js'`,
  'packages/singleton/src/testing/index.ts': `import { World } from '@tanist/core/testing'`,
  'packages/examples/package.json': manifest('examples', { '@tanist/singleton': '1' }),
  'packages/examples/src/index.ts': `import { join } from '@tanist/singleton'`,
}

const check = (files: Readonly<Record<string, string>>): Verdict =>
  inTree(files, (root) => runScript('layers.mjs', root))

/** One bad file each, and what must be said about it. */
const bad: readonly (readonly [name: string, file: string, text: string, said: RegExp])[] = [
  ['core imports transport', 'core/src/actor/a.ts', `import '@tanist/transport'`, /:1: imports upwards/],
  [
    'transport imports singleton',
    'transport/src/a.ts',
    `\nexport * from '@tanist/singleton'`,
    /:2: imports upwards/,
  ],
  [
    'singleton imports examples, as a type',
    'singleton/src/a.ts',
    `type A = import('@tanist/examples').A`,
    /upwards/,
  ],
  [
    'an import upwards that awaits',
    'core/src/a.ts',
    `const a = await import('@tanist/singleton')`,
    /upwards/,
  ],
  [
    'a type import upwards',
    'core/src/a.ts',
    `import type {\n  A,\n} from '@tanist/transport'`,
    /:3: imports upwards/,
  ],
  ['a deep import', 'transport/src/a.ts', `import '@tanist/core/actor/engine.js'`, /not in its exports/],
  [
    'a way around by path',
    'transport/src/a.ts',
    `import '../../core/src/index.js'`,
    /outside of its package/,
  ],
  ['itself by name', 'core/src/actor/a.ts', `import '@tanist/core'`, /own package by name/],
  ['its own index', 'core/src/actor/a.ts', `import '../index.js'`, /own index/],
  [
    'a private file of a folder',
    'core/src/host/a.ts',
    `import '../actor/cell.js'`,
    /private to core\/src\/actor/,
  ],
  [
    'a private file of an inner folder',
    'core/src/host/a.ts',
    `import './disk/file.js'`,
    /private to core\/src\/host\/disk/,
  ],
  ['a missing file', 'core/src/actor/a.ts', `import './nowhere.js'`, /there is no/],
  ['two folders in a circle', 'core/src/host/a.ts', `import '../actor/index.js'`, /circle: core\/src\/host/],
  ['a socket in core', 'core/src/actor/a.ts', `import { connect } from 'node:net'`, /only through Host/],
  ['ws in singleton', 'singleton/src/a.ts', `import { WebSocket } from 'ws'`, /only through Host/],
  ['dgram in singleton', 'singleton/src/a.ts', `import dgram from 'dgram'`, /only through Host/],
  [
    'a value of node:http in join()',
    'singleton/src/join.ts',
    `import { get } from 'node:http'`,
    /only through Host/,
  ],
  [
    'the transport beside join()',
    'singleton/src/a.ts',
    `import '@tanist/transport'`,
    /only singleton\/src\/join.ts/,
  ],
  [
    'nact beside the engine',
    'core/src/actor/a.ts',
    `import { spawn } from 'nact'`,
    /only core\/src\/actor\/engine.ts/,
  ],
  ['fast-check in production code', 'core/src/actor/a.ts', `import * as fc from 'fast-check'`, /arbitraries/],
  [
    'fast-check in the rest of the kit',
    'core/src/testing/a.ts',
    `import * as fc from 'fast-check'`,
    /arbitraries/,
  ],
  ['the test kit in production code', 'core/src/actor/a.ts', `import '../testing/index.js'`, /test kit/],
  ['the world in production code', 'transport/src/a.ts', `import '@tanist/core/testing'`, /simulated world/],
  ['an undeclared dependency', 'transport/src/a.ts', `import { Subject } from 'rxjs'`, /does not declare/],
  ['an undeclared sibling', 'examples/src/a.ts', `import '@tanist/core'`, /does not declare/],
  ['a computed import', 'transport/src/a.ts', 'await import(`${name}`)', /computed name/],
  ['Date.now', 'core/src/a.ts', `export const at = Date.now()`, /uses Date.now/],
  ['new Date()', 'singleton/src/a.ts', `export const at = new Date()`, /uses the time of now/],
  ['Math.random', 'core/src/a.ts', `export const at = Math.random()`, /uses Math.random/],
  ['a timer', 'singleton/src/a.ts', `\n\nsetTimeout(() => {}, 1)`, /:3: uses a timer/],
  ['a timer inside a template', 'core/src/a.ts', 'export const a = `a ${setInterval(f)} b`', /uses a timer/],
  ['setImmediate', 'core/src/a.ts', `setImmediate(f)`, /uses a timer/],
  ['queueMicrotask', 'core/src/a.ts', `queueMicrotask(f)`, /uses queueMicrotask/],
  ['performance.now', 'core/src/a.ts', `performance.now()`, /uses performance/],
  ['crypto.randomUUID', 'core/src/a.ts', `crypto.randomUUID()`, /uses randomness/],
  ['AbortSignal.timeout', 'core/src/a.ts', `AbortSignal.timeout(1)`, /uses AbortSignal.timeout/],
]

/** Looks forbidden and is not. */
const harmless: readonly (readonly [name: string, text: string])[] = [
  ['words in comments', `// Date.now(), import 'ws'\n/* setTimeout(f) from 'node:net' */`],
  [
    'words in strings',
    `export const a = 'setTimeout(f)' + "Date.now()" + \`Math.random() \${1} new Date()\``,
  ],
  [
    'words in a regular expression',
    `export const a = /["'\`]\\/[/] setTimeout/.test('')\nexport const b = 1 / 2 / 3`,
  ],
  ['members of the same name', `timers.setTimeout(f)\nlink.performance.mark\na.process.x`],
  ['dates that are given', `export const a = new Date(ms), b = Array.from('ab')`],
]

describe('the layer check', () => {
  it('passes a house in which every import is good', () => {
    const { code, problems, said } = check(good)
    expect(problems).toEqual([])
    expect(said).toMatch(/looked at 16 files with 1[6-9] imports, found 0 problems/)
    expect(code).toBe(0)
  })

  it.each(bad)('fails on %s', (_name, file, text, said) => {
    const { code, problems } = check({ ...good, [`packages/${file}`]: text })
    expect(code).toBe(1)
    expect(problems.filter((line) => line.startsWith(`packages/${file}:`) && said.test(line))).not.toEqual([])
  })

  it.each(harmless)('lets %s pass', (_name, text) => {
    const { code, problems } = check({ ...good, 'packages/core/src/a.ts': text })
    expect(problems).toEqual([])
    expect(code).toBe(0)
  })

  it('reports an exception that nothing needs any more', () => {
    const { problems } = check({ ...good, 'packages/singleton/src/join.ts': `import '@tanist/transport'` })
    expect(problems.join()).toMatch(/no longer needs the exception for node:http/)
  })

  it('fails when it sees no imports, instead of passing on nothing', () => {
    const { code, problems } = check({ 'packages/core/package.json': manifest('core') })
    expect(code).toBe(1)
    expect(problems.join()).toMatch(/proves nothing/)
  })

  it('finds nothing wrong in this house', () => {
    const { code, problems, said } = runScript('layers.mjs')
    expect(problems).toEqual([])
    expect(said).toMatch(/looked at \d{3,} files with \d{3,} imports/)
    expect(code).toBe(0)
  })
})
