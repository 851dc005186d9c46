import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root: string = fileURLToPath(new URL('../../../../', import.meta.url))

export interface Page {
  /** Relative to the root, with slashes. */
  readonly path: string
  readonly text: string
}

export function page(path: string): Page {
  return { path, text: readFileSync(join(root, path), 'utf8') }
}

/** Every page that people read: those at the root, in docs, the guide's chapters, and of the packages. */
export function pages(): Page[] {
  const inDocs = ['docs', 'docs/guide'].flatMap((folder) =>
    readdirSync(join(root, folder)).map((name) => `${folder}/${name}`),
  )
  const inPackages = readdirSync(join(root, 'packages')).flatMap((name) =>
    readdirSync(join(root, 'packages', name)).map((file) => `packages/${name}/${file}`),
  )
  const all = [...readdirSync(root), ...inDocs, ...inPackages]
  return all.filter((path) => path.endsWith('.md')).map(page)
}

export interface Block {
  /** The words behind the opening fence: `ts run`. */
  readonly words: readonly string[]
  readonly text: string
  readonly line: number
}

/** The fenced blocks of a page, in order. */
export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = []
  let open: { words: string[]; line: number; text: string[] } | null = null
  for (const [i, line] of markdown.split('\n').entries()) {
    if (!line.startsWith('```')) open?.text.push(line)
    else if (open === null) open = { words: line.slice(3).trim().split(' '), line: i + 1, text: [] }
    else {
      blocks.push({ words: open.words, line: open.line, text: `${open.text.join('\n')}\n` })
      open = null
    }
  }
  return blocks
}

/** A page without its fenced blocks. */
export function proseOf(markdown: string): string {
  return markdown.replaceAll(/^```[^]*?^```$/gm, '')
}

/** The anchors of a page as GitHub makes them. */
export function anchorsOf(markdown: string): Set<string> {
  const anchors = new Set<string>()
  for (const [, heading = ''] of proseOf(markdown).matchAll(/^#{1,6} +(.+)$/gm)) {
    const plain = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    const slug = plain
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-')
    let anchor = slug
    for (let n = 1; anchors.has(anchor); n++) anchor = `${slug}-${n}`
    anchors.add(anchor)
  }
  return anchors
}

/** Targets of the links of a page that do not lead out into the web. */
export function linksOf(markdown: string): string[] {
  const links = [...proseOf(markdown).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
  return links.filter((target) => !/^[a-z]+:/.test(target))
}

export interface Example {
  readonly path: string
  readonly text: string
}

/** The `@example` blocks of public doc comments below `packages/NAME/src`. */
export function examplesOf(name: string): Example[] {
  const folder = `packages/${name}/src`
  const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
  return files
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => {
      const path = `${folder}/${file.replaceAll('\\', '/')}`
      const comments = page(path).text.matchAll(/@example\n((?: *\*(?:(?!\/).)*\n)+?) *(?:\* @|\*\/)/g)
      return [...comments].map(([, lines = '']) => ({
        path,
        text: lines.replaceAll(/^ *\* ?/gm, ''),
      }))
    })
}

/** The chapters of the guide, in order. */
export function chapters(): string[] {
  const names = readdirSync(join(root, 'docs/guide')).filter((name) => name.endsWith('.md'))
  return names.toSorted().map((name) => `docs/guide/${name}`)
}
