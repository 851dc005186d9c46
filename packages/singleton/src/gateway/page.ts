import type { Manifest } from '../client/index.js'
import type { HttpAnswer } from './types.js'

/** Nothing of it is fetched from anywhere, and no script runs. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const STYLE =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}' +
  'table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #8886}'

/** What the manifest says, for people. */
export function statusPage(manifest: Manifest): HttpAnswer {
  const { app, self, server, successor, members, layers, roles, waitingFor } = manifest
  const title = `${app}: ${self.name}`
  const content = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="5"><title>${escaped(title)}</title><style>${STYLE}</style></head><body>
<h1>${escaped(app)}</h1>
<p>This is <b>${escaped(self.name)}</b> at ${escaped(self.address)}. ${
    server === null
      ? 'Nobody serves now.'
      : `The server is <b>${escaped(server.name)}</b>, in term ${server.term}.`
  }${successor === null ? '' : ` Next would be ${escaped(successor.name)}.`}</p>
${waitingFor === null ? '' : `<p role="status">${escaped(waitingFor)}</p>`}
${table(
  ['Member', 'Address'],
  members.map(({ name, address }) => [name, address]),
)}
${table(
  ['Layer', 'Address', 'Lets in'],
  layers.map(({ name, address, accepts }) => [name, address, accepts.join(', ')]),
)}
${table(
  ['Role', 'Open commands'],
  roles.map(({ name, open }) => [name, open.join(', ')]),
)}
</body></html>`
  return {
    status: 200,
    text: { type: 'text/html; charset=utf-8', content },
    headers: { 'content-security-policy': POLICY, 'referrer-policy': 'no-referrer' },
  }
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return ''
  const cells = (of: readonly string[], tag: string): string =>
    `<tr>${of.map((text) => `<${tag}>${escaped(text)}</${tag}>`).join('')}</tr>`
  return `<table>${cells(heads, 'th')}${rows.map((row) => cells(row, 'td')).join('')}</table>`
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)
}
