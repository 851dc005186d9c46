import { CodecError } from './error.js'
import { BIGINT_DIGIT_LIMIT, DEPTH_LIMIT, isForbiddenKey, isRecord, TABLE_NAME } from './limits.js'

/** What each superjson type may be built from. Whatever is not listed here is never built. */
const ALLOWED: Readonly<Record<string, (json: unknown) => boolean>> = {
  undefined: (json) => json === null,
  bigint: (json) => typeof json === 'string' && json.length <= BIGINT_DIGIT_LIMIT && /^-?\d+$/.test(json),
  Date: (json) => typeof json === 'string' && json.length <= 32 && !Number.isNaN(new Date(json).getTime()),
  set: (json) => Array.isArray(json),
  map: (json) => Array.isArray(json) && json.every((pair) => Array.isArray(pair) && pair.length === 2),
  number: (json) => json === 'NaN' || json === 'Infinity' || json === '-Infinity' || json === '-0',
  URL: (json) => typeof json === 'string' && URL.canParse(json),
  [`custom:${TABLE_NAME}`]: (json) =>
    Array.isArray(json) &&
    json.length % 2 === 0 &&
    json.every((part, i) => i % 2 === 1 || typeof part === 'string' || typeof part === 'number'),
  // A declared length would let ten bytes ask for gigabytes.
  'typed-array:Uint8Array': (json) =>
    Array.isArray(json) && json.every((b) => Number.isInteger(b) && Number(b) >= 0 && Number(b) <= 255),
}

/**
 * Checks superjson's annotations against the JSON that they speak of, before anything is built: only types of
 * the allow-list, each over JSON of its shape, at paths that exist, and never inside something that another
 * annotation turns into a Map, a Set or bytes first.
 */
export function checkAnnotations(json: unknown, annotations: unknown): void {
  checkTree(annotations, json, new Set(), 0)
}

function checkTree(tree: unknown, json: unknown, built: Set<unknown>, depth: number): void {
  if (depth > DEPTH_LIMIT) throw new CodecError('annotations are nested too deep')
  if (!Array.isArray(tree)) return checkChildren(tree, json, built, depth)
  if (tree.length < 1 || tree.length > 2) throw new CodecError('an annotation has one or two parts')
  if (tree.length === 2) checkChildren(tree[1], json, built, depth)
  const name = nameOf(tree[0])
  if (!Object.hasOwn(ALLOWED, name))
    throw new CodecError(`values of type ${name.slice(0, 40)} are not accepted`)
  if (!ALLOWED[name]!(json)) throw new CodecError(`a ${name} was announced, but something else is there`)
  if (typeof json === 'object' && json !== null) built.add(json)
}

function checkChildren(tree: unknown, json: unknown, built: Set<unknown>, depth: number): void {
  if (typeof tree !== 'object' || tree === null || Array.isArray(tree)) {
    throw new CodecError('annotations are neither a type nor a list of paths')
  }
  for (const [path, child] of Object.entries(tree)) {
    let at: unknown = json
    for (const key of pathKeys(path)) {
      if (built.has(at)) throw new CodecError('an annotation reaches into what another one builds')
      at = childOf(at, key)
    }
    if (built.has(at)) throw new CodecError('annotated twice')
    checkTree(child, at, built, depth + 1)
  }
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
  return Array.isArray(type) && type.length === 2 ? `${String(type[0])}:${String(type[1])}` : typeof type
}

/** superjson joins keys with dots and escapes dots and backslashes inside them by a backslash. */
function pathKeys(path: string): string[] {
  const keys: string[] = []
  let key = ''
  for (let i = 0; i < path.length; i++) {
    const char = path[i]!
    if (char === '.') {
      keys.push(key)
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
