import { describe, expect, it } from 'vitest'
import { inTree, runScript, type Verdict } from './tree.js'

const entry = (folder: string): Record<string, string> => ({
  types: `./dist/${folder}index.d.ts`,
  default: `./dist/${folder}index.js`,
})

const built = (path: string, text: string): Record<string, string> => ({
  [`packages/${path}.js`]: text,
  [`packages/${path}.d.ts`]: text,
})

const arbitraries = { types: './dist/testing/arbitraries.d.ts', default: './dist/testing/arbitraries.js' }

/** Two built packages; fast-check is reached from `testing/arbitraries` alone. */
const good: Readonly<Record<string, string>> = {
  'packages/core/package.json': JSON.stringify({
    name: '@tanist/core',
    exports: { '.': entry(''), './testing': entry('testing/'), './testing/arbitraries': arbitraries },
  }),
  ...built('core/dist/index', `export * from './actor.js'`),
  ...built('core/dist/actor', `import 'nact'\nimport './index.js'\n// import 'fast-check'`),
  ...built('core/dist/testing/index', `export {}`),
  ...built('core/dist/testing/arbitraries', `import 'fast-check'`),
  'packages/singleton/package.json': JSON.stringify({
    name: '@tanist/singleton',
    exports: { '.': entry(''), './package.json': './package.json' },
  }),
  ...built('singleton/dist/index', `import { a } from '@tanist/core'`),
}

const check = (files: Readonly<Record<string, string>>): Verdict =>
  inTree(files, (root) => runScript('reach.mjs', root))

describe('the check of what the built packages load', () => {
  it('passes when fast-check is reached from testing/arbitraries alone, and says what each entry loads', () => {
    const { code, problems, said } = check(good)
    expect(problems).toEqual([])
    expect(said).toContain('@tanist/singleton loads 3 files and nact.')
    expect(said).toContain('@tanist/core/testing/arbitraries loads 1 files and fast-check.')
    expect(code).toBe(0)
  })

  it('fails, with the way there, when production code loads fast-check through another package', () => {
    const { code, problems } = check({ ...good, 'packages/core/dist/actor.js': `import 'fast-check'` })
    expect(code).toBe(1)
    expect(problems.join('\n')).toMatch(
      /@tanist\/singleton needs fast-check: .*singleton.dist.index\.js -> .*core.dist.index\.js -> .*actor\.js -> fast-check/,
    )
  })

  it('fails, with the way there, when production code loads a part of the test kit', () => {
    const { code, problems } = check({
      ...good,
      'packages/core/dist/actor.js': `import './testing/index.js'`,
    })
    expect(code).toBe(1)
    expect(problems.join('\n')).toMatch(
      /@tanist\/core takes the test kit into production: .*core.dist.index\.js -> .*actor\.js -> .*testing.index\.js/,
    )
    expect(problems.join('\n')).toContain('@tanist/singleton takes the test kit into production')
  })

  it('fails when only the types need fast-check', () => {
    const { code, problems } = check({
      ...good,
      'packages/core/dist/testing/index.d.ts': `export declare const a: import('fast-check').Arbitrary<1>`,
    })
    expect(problems.join()).toMatch(/core\/testing needs fast-check/)
    expect(code).toBe(1)
  })

  it('counts what a bundle requires, and fails when it imports what is CommonJS', () => {
    const bundled = JSON.stringify({
      name: '@tanist/core',
      exports: { '.': { types: './dist/index.d.ts', default: './dist/bundle/index.js' } },
    })
    const one = (text: string): Verdict =>
      check({
        'packages/core/package.json': bundled,
        ...built('core/dist/index', ''),
        'packages/core/dist/bundle/index.js': text,
      })
    expect(one('const {a} = requireHere("nact/lib/actor")').said).toContain('core loads 1 files and nact.')
    const { code, problems } = one(`import { a } from 'nact/lib/actor'`)
    expect(problems.join()).toMatch(/bundle.index\.js imports nact/)
    expect(code).toBe(1)
  })

  it('fails when an entry point or an import leads nowhere', () => {
    const { code, problems } = check({ ...good, 'packages/core/dist/actor.js': `import '@tanist/core/none'` })
    expect(problems.join()).toMatch(/core\/none, which leads nowhere/)
    expect(code).toBe(1)
    const { 'packages/singleton/dist/index.js': _, ...missing } = good
    expect(check(missing).problems.join()).toMatch(/@tanist\/singleton is not built/)
  })

  it('fails when there is nothing to look at', () => {
    const { code, problems } = check({ 'packages/core/package.json': '{"name":"@tanist/core"}' })
    expect(problems.join()).toMatch(/proves nothing/)
    expect(code).toBe(1)
  })

  it('finds nothing wrong in this house, once it is built', () => {
    const { code, problems, said } = runScript('reach.mjs')
    expect(problems).toEqual([])
    expect(said).toMatch(/^@tanist\/core\/testing loads \d+ files and ts-pattern, rxjs\.$/m)
    expect(code).toBe(0)
  })
})
