import { describe, expect, it } from 'vitest'
import { anchorsOf, page } from './pages.js'

const { text } = page('docs/configuration.md')

/** Names of the fields of an interface, as its source declares them. */
function fieldsOf(path: string, name: string): string[] {
  const body = new RegExp(`interface ${name}\\b[^{]*\\{\\n([^]*?)^\\}`, 'm').exec(page(path).text)?.[1] ?? ''
  return [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, field = '']) => field)
}

/** `name: 1_000` pairs of a constant. */
function valuesOf(path: string, name: string): [string, number][] {
  const body = new RegExp(`const ${name}\\b[^{]*\\{\\n([^]*?)^\\}`, 'm').exec(page(path).text)?.[1] ?? ''
  return [...body.matchAll(/^ {2}(\w+): ([\d_.]+),$/gm)].map(([, key = '', value = '']) => [
    key,
    Number(value.replaceAll('_', '')),
  ])
}

/** The rows `| name | value |` below a heading. */
function rowsBelow(heading: string): [string, number][] {
  const section = text.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
  return [...section.matchAll(/^\| `(\w+)` \| ([\d,.]+) \|$/gm)].map(([, key = '', value = '']) => [
    key,
    Number(value.replaceAll(',', '')),
  ])
}

const singleton = 'packages/singleton/src'

describe('docs/configuration.md', () => {
  it('has a paragraph for every option of join', () => {
    const options = [
      ...fieldsOf(`${singleton}/join.ts`, 'JoinOptions'),
      ...fieldsOf(`${singleton}/peer/settings.ts`, 'PeerSettings'),
    ]
    expect(options).toContain('expect')
    expect(options.filter((option) => !anchorsOf(text).has(option.toLowerCase()))).toEqual([])
  })

  it('has a paragraph and the true default of every timer of succession', () => {
    const defaults = valuesOf(`${singleton}/succession/timing.ts`, 'defaultTiming')
    expect(defaults.map(([key]) => key)).toEqual(fieldsOf(`${singleton}/succession/timing.ts`, 'Timing'))
    expect(rowsBelow('Succession: `timing`')).toEqual(defaults)
    expect(defaults.filter(([key]) => !anchorsOf(text).has(key.toLowerCase()))).toEqual([])
  })

  it('has a paragraph and the true default of every timing of membership', () => {
    const defaults = valuesOf('packages/core/src/membership/limits.ts', 'membershipDefaults')
    expect(defaults.length).toBeGreaterThan(3)
    expect(rowsBelow('Membership: `membership`')).toEqual(defaults)
    expect(defaults.filter(([key]) => !anchorsOf(text).has(`membership${key.toLowerCase()}`))).toEqual([])
  })

  it('has a paragraph and the true default of every setting of large clusters', () => {
    const defaults = valuesOf('packages/core/src/membership/limits.ts', 'largeDefaults')
    const fields = fieldsOf('packages/core/src/membership/types.ts', 'LargeTimings')
    expect(defaults.map(([key]) => key)).toEqual(fields)
    expect(rowsBelow('Large clusters: `membership.large`')).toEqual(defaults)
    const unsaid = defaults.filter(([key]) => !anchorsOf(text).has(`membershiplarge${key.toLowerCase()}`))
    expect(unsaid).toEqual([])
  })

  it('has a paragraph and the true default of every limit of snapshots', () => {
    const path = `${singleton}/succession/limits.ts`
    const body = /const defaultSnapshotLimits\b[^{]*\{\n([^]*?)^\}/m.exec(page(path).text)?.[1] ?? ''
    const defaults = [...body.matchAll(/^ {2}(\w+): ([\d_ *]+),$/gm)].map(([, key = '', product = '']) => [
      key,
      product.split('*').reduce((value, factor) => value * Number(factor.replaceAll('_', '')), 1),
    ])
    expect(defaults.map(([key]) => key)).toEqual(fieldsOf(path, 'SnapshotLimits'))
    expect(rowsBelow('Snapshots: `snapshots`')).toEqual(defaults)
    expect(defaults.filter(([key]) => !anchorsOf(text).has(`snapshots${String(key).toLowerCase()}`))).toEqual(
      [],
    )
  })

  it('has a paragraph for every option of a call', () => {
    const options = fieldsOf(`${singleton}/role/types.ts`, 'CallOptions')
    expect(options.length).toBeGreaterThan(2)
    expect(options.filter((option) => !anchorsOf(text).has(option.toLowerCase()))).toEqual([])
  })

  it('has a paragraph for every option of connect', () => {
    const options = [
      ...fieldsOf(`${singleton}/connect.ts`, 'ConnectOptions'),
      ...fieldsOf(`${singleton}/client/types.ts`, 'ClientSettings'),
    ]
    expect(options).toContain('bufferMax')
    expect(options.filter((option) => !anchorsOf(text).has(option.toLowerCase()))).toEqual([])
  })

  it.each([
    ['discovery', 'packages/transport/src/discovery/types.ts', 'DiscoverySettings'],
    ['layers', `${singleton}/gateway/types.ts`, 'LayerSettings'],
    ['reconnect', `${singleton}/client/types.ts`, 'ReconnectTiming'],
  ])('has a row for every field of %s, and for no other', (option, path, type) => {
    const section = text.split(`\n### \`${option}\`\n`)[1]?.split(/\n##/)[0] ?? ''
    const rows = [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, field]) => field)
    expect(rows).toEqual(fieldsOf(path, type))
    expect(rows.length).toBeGreaterThan(3)
  })
})
