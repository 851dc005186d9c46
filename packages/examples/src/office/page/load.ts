import { readdirSync, readFileSync } from 'node:fs'
import { html } from './html.js'
import { style } from './style.js'

export interface PageFile {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** The files that make up the page, all in memory. */
export interface Page {
  find(path: string): PageFile | undefined
}

/** The page never asks another server for anything but the board, and no text of a note can become a program. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  'img-src data:',
  'connect-src http://127.0.0.1:* http://localhost:*',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

export interface PageParts {
  readonly html: string
  readonly style: string
  /** Compiled browser modules: where the page finds them, and the folder that they are in. */
  readonly modules: Readonly<Record<string, URL>>
}

const office: PageParts = { html, style, modules: { '/browser/': new URL('./browser/', import.meta.url) } }

export function loadPage(parts: PageParts = office): Page {
  const files = new Map<string, PageFile>()
  files.set(
    '/',
    file('text/html', parts.html, { 'content-security-policy': POLICY, 'referrer-policy': 'no-referrer' }),
  )
  files.set('/style.css', file('text/css', parts.style))
  for (const [path, folder] of Object.entries(parts.modules)) {
    for (const name of readdirSync(folder)) {
      if (name.endsWith('.js'))
        files.set(`${path}${name}`, file('text/javascript', readFileSync(new URL(name, folder), 'utf8')))
    }
  }
  return { find: (path) => files.get(path) }
}

function file(type: string, body: string, more: Readonly<Record<string, string>> = {}): PageFile {
  const headers = {
    'content-type': `${type}; charset=utf-8`,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...more,
  }
  return { headers, body }
}
