import { existsSync } from 'node:fs'
import { posix, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { anchorsOf, linksOf, page, pages, root } from './pages.js'

function brokenIn(path: string, text: string): string[] {
  return linksOf(text).filter((link) => {
    const [file = '', anchor] = link.split('#')
    const target = file === '' ? path : posix.join(posix.dirname(path), decodeURI(file))
    if (!existsSync(join(root, target))) return true
    if (anchor === undefined) return false
    return !target.endsWith('.md') || !anchorsOf(file === '' ? text : page(target).text).has(anchor)
  })
}

describe('links of the documents', () => {
  it.each(pages())('of $path lead to files and headings that exist', ({ path, text }) => {
    expect(brokenIn(path, text)).toEqual([])
  })

  it('are really looked at', () => {
    expect(pages().flatMap(({ text }) => linksOf(text)).length).toBeGreaterThan(20)
    const text = '# One\n\n[a](#one) [b](#two) [c](no-such.md) [d](README.md#tanist) [e](README.md#no)\n'
    expect(brokenIn('README.md', text)).toEqual(['#two', 'no-such.md', 'README.md#no'])
  })

  it('to every page exist in the README or in a page that it names', () => {
    const reachable = new Set(['README.md'])
    for (const path of reachable) {
      if (!path.endsWith('.md') || !existsSync(join(root, path))) continue
      for (const link of linksOf(page(path).text)) {
        reachable.add(posix.join(posix.dirname(path), link.split('#')[0] ?? ''))
      }
    }
    const inDocs = pages().filter(({ path }) => path.startsWith('docs/'))
    expect(inDocs.map(({ path }) => path).filter((path) => !reachable.has(path))).toEqual([])
  })
})
