import type { IncomingMessage } from 'node:http'

export interface Target {
  readonly path: string
  readonly query: string
  /** Of a request in absolute form, as proxies get it: it counts instead of `Host`. */
  readonly authority: string | null
}

/** Undefined: no path, or so that two readers of the request could take it for different ones. */
export function targetOf({ url = '', rawHeaders }: IncomingMessage): Target | undefined {
  let hosts = 0
  for (let at = 0; at < rawHeaders.length; at += 2) if (rawHeaders[at]?.toLowerCase() === 'host') hosts += 1
  if (hosts > 1) return undefined
  const absolute = /^https?:\/\/([^/?#@\s]+)(.*)$/i.exec(url)
  const local = absolute === null ? url : absolute[2] || '/'
  if (!local.startsWith('/') && local !== '*') return undefined
  const mark = local.indexOf('?')
  const path = mark < 0 ? local : local.slice(0, mark)
  return { path, query: mark < 0 ? '' : local.slice(mark + 1), authority: absolute?.[1] ?? null }
}
