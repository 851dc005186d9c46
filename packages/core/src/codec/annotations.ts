import { CodecError } from './error.js'
import {
  BIGINT_DIGIT_LIMIT,
  BYTES_NAME,
  DEPTH_LIMIT,
  isForbiddenKey,
  isRecord,
  TABLE_NAME,
  type ValueLimits,
} from './limits.js'

/** What each superjson type may be built from. Whatever is not listed here is never built. */
const ALLOWED: Readonly<Record<string, (json: unknown) => boolean>> = {
  undefined: (json) => json === null,
  bigint: (json) => typeof json === 'string' && json.length <= BIGINT_DIGIT_LIMIT + 1 && /^-?\d+$/.test(json),
  // One form only: others depend on the time zone of who reads them.
  Date: (json) => typeof json === 'string' && json.length <= 32 && isTimestamp(json),
  set: (json) => Array.isArray(json),
  map: (json) => Array.isArray(json) && json.every((pair) => Array.isArray(pair) && pair.length === 2),
  number: (json) => json === 'NaN' || json === 'Infinity' || json === '-Infinity' || json === '-0',
  URL: (json) => typeof json === 'string' && URL.canParse(json),
  [`custom:${TABLE_NAME}`]: (json) =>
    Array.isArray(json) &&
    json.length % 2 === 0 &&
    json.every((part, i) => i % 2 === 1 || typeof part === 'string' || typeof part === 'number'),
  [`custom:${BYTES_NAME}`]: (json) => typeof json === 'string',
  // A declared length would let ten bytes ask for gigabytes.
  'typed-array:Uint8Array': (json) =>
    Array.isArray(json) && json.every((b) => Number.isInteger(b) && Number(b) >= 0 && Number(b) <= 255),
}

function isTimestamp(text: string): boolean {
  const date = new Date(text)
  return !Number.isNaN(date.getTime()) && date.toISOString() === text
}

interface Checked {
  readonly limits: ValueLimits
  /** Objects that an annotation turns into something else. */
  readonly built: Set<unknown>
  /** Where there is an annotation, by the object that holds it: two paths may be written for one place. */
  readonly places: Map<unknown, Set<string>>
  annotations: number
}

/**
 * Checks superjson's annotations against the JSON that they speak of, before anything is built: only types of
 * the allow-list, each over JSON of its shape, at paths that exist, and never inside something that another
 * annotation turns into a Map, a Set or bytes first.
 */
export function checkAnnotations(json: unknown, annotations: unknown, limits: ValueLimits): void {
  checkTree({ limits, built: new Set(), places: new Map(), annotations: 0 }, annotations, json, 0)
}

function checkTree(checked: Checked, tree: unknown, json: unknown, depth: number): void {
  if (depth > DEPTH_LIMIT) throw new CodecError('annotations are nested too deep')
  if (!Array.isArray(tree)) return checkChildren(checked, tree, json, depth)
  if (tree.length < 1 || tree.length > 2) throw new CodecError('an annotation has one or two parts')
  if (tree.length === 2) checkChildren(checked, tree[1], json, depth)
  if (++checked.annotations > checked.limits.annotations)
    throw new CodecError(`more than ${checked.limits.annotations} annotations`)
  const name = nameOf(tree[0])
  if (!Object.hasOwn(ALLOWED, name))
    throw new CodecError(`values of type ${name.slice(0, 40)} are not accepted`)
  if (!ALLOWED[name]!(json)) throw new CodecError(`a ${name} was announced, but something else is there`)
  if (typeof json === 'object' && json !== null) checked.built.add(json)
}

function checkChildren(checked: Checked, tree: unknown, json: unknown, depth: number): void {
  if (typeof tree !== 'object' || tree === null || Array.isArray(tree)) {
    throw new CodecError('annotations are neither a type nor a list of paths')
  }
  const { built } = checked
  for (const [path, child] of Object.entries(tree)) {
    let holder: unknown
    let at: unknown = json
    const keys = pathKeys(path)
    for (const key of keys) {
      if (built.has(at)) throw new CodecError('an annotation reaches into what another one builds')
      holder = at
      at = childOf(at, key)
    }
    if (built.has(at) || !isFirst(checked, holder, keys.at(-1) ?? '')) throw new CodecError('annotated twice')
    checkTree(checked, child, at, depth + 1)
  }
}

function isFirst({ places }: Checked, holder: unknown, key: string): boolean {
  let keys = places.get(holder)
  if (keys === undefined) places.set(holder, (keys = new Set()))
  if (keys.has(key)) return false
  keys.add(key)
  return true
}

function childOf(json: unknown, key: string): unknown {
  if (Array.isArray(json)) {
    const list: readonly unknown[] = json
    if (/^\d+$/.test(key) && Object.hasOwn(list, key)) return list[Number(key)]
  } else if (isRecord(json) && !isForbiddenKey(key) && Object.hasOwn(json, key)) return json[key]
  throw new CodecError('an annotation speaks of what is not there')
}

function nameOf(type: unknown): string {
  if (typeof type === 'string') return type
  if (!Array.isArray(type) || type.length !== 2) return typeof type
  const [kind, name]: readonly unknown[] = type
  return typeof kind === 'string' && typeof name === 'string' ? `${kind}:${name}` : typeof type
}

/** superjson joins keys with dots and escapes dots and backslashes inside them by a backslash. */
function pathKeys(path: string): string[] {
  const keys: string[] = []
  let key = ''
  for (let i = 0; i < path.length; i++) {
    const char = path[i]!
    if (char === '.') {
      keys.push(key)
      if (keys.length > DEPTH_LIMIT) throw new CodecError('annotations are nested too deep')
      key = ''
    } else if (char === '\\') {
      const next = path[++i]
      if (next !== '.' && next !== '\\') throw new CodecError('an annotation has a broken path')
      key += next
    } else key += char
  }
  keys.push(key)
  return keys
}
