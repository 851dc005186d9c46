// Makes one file of each entry point of the publishable packages, so that a process starts in half the time: reading
// 400 small files costs more than running them. `node scripts/bundle.mjs [--force]` after `tsc -b`; whatever is newer than its
// bundle is bundled again. Other projects, and our own other packages, stay imports: there is one copy of each.
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, isAbsolute, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const force = process.argv.includes('--force')
const FOLDER = 'dist/bundle'

/** From the name of a bundle to the file of ours that it is made of. */
function entriesOf({ exports }) {
  const targets = Object.values(exports).map((target) => target.default)
  return Object.fromEntries(
    targets
      .filter((target) => target?.startsWith(`./${FOLDER}/`))
      .map((target) => target.slice(`./${FOLDER}/`.length, -'.js'.length))
      .map((name) => [name, `dist/${name}.js`]),
  )
}

function newest(folder) {
  let newestMs = 0
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile() && entry.name.endsWith('.js') && !entry.parentPath.includes(join('dist', 'bundle')))
      newestMs = Math.max(newestMs, statSync(join(entry.parentPath, entry.name)).mtimeMs)
  return newestMs
}

/** Where rxjs keeps what it exports: its own entry point loads 223 files, and six of its names need 30 of them. */
function homesInRxjs(base) {
  const entry = createRequire(join(base, 'package.json')).resolve('rxjs')
  const text = readFileSync(entry, 'utf8')
  const paths = new Map(
    [...text.matchAll(/^var (\w+) = require\("\.\/(internal\/[\w/]+)"\);$/gm)].map(([, name, path]) => [
      name,
      path,
    ]),
  )
  const getters = text.matchAll(/defineProperty\(exports, "(\w+)".*?return (\w+)\.\1;/g)
  return new Map([...getters].map(([, name, from]) => [name, `rxjs/${paths.get(from)}`]))
}

/** The same for nact, whose entry point loads what keeps and watches actors as well. */
function homesInNact(base) {
  const require = createRequire(join(base, 'package.json'))
  const all = Object.entries(require('nact'))
  const files = ['actor', 'functions', 'references', 'system'].map((name) => `nact/lib/${name}`)
  return new Map(
    files.flatMap((file) => {
      const here = require(file)
      return all.filter(([name, it]) => here[name] === it).map(([name]) => [name, file])
    }),
  )
}

const findHomes = { rxjs: homesInRxjs, nact: homesInNact }

/** The same objects as by `rxjs` and `nact`, taken from where they are. A name that is not found there stays as it was. */
function atHome(base) {
  const found = {}
  const transform = (code) => {
    const moved = code.replaceAll(/^import \{([^}]+)\} from '(rxjs|nact)';?$/gm, (statement, names, from) => {
      const homes = (found[from] ??= findHomes[from](base))
      const wanted = names.split(',').map((name) => name.trim())
      if (wanted.some((name) => !homes.has(name.split(' as ')[0]))) return statement
      // As many lines as before: what maps positions stays right.
      const lines = '\n'.repeat(statement.split('\n').length - 1)
      return (
        wanted.map((name) => `import { ${name} } from '${homes.get(name.split(' as ')[0])}';`).join(' ') +
        lines
      )
    })
    return { code: moved, map: null }
  }
  return { name: 'at-home', transform }
}

/** Node's own, and of other projects what is CommonJS whichever way Node is asked for it. */
const isCommon = (id) => /^(node:|(nact|rxjs|ws)(\/|$))/.test(id)

/**
 * By `require`, which gives the same objects: an import would read each file once more, slowly, for the names that it exports.
 */
function commonByRequire(code) {
  let made = false
  const moved = code.replaceAll(/^import \{([^}]+)\} from "([^"]+)";?$/gm, (statement, names, id) => {
    if (!isCommon(id)) return statement
    const start = made
      ? ''
      : 'import { createRequire as requirer } from "node:module"; const requireHere = requirer(import.meta.url); '
    made = true
    return `${start}const {${names.replaceAll(' as ', ': ')}} = requireHere("${id}");`
  })
  return made ? { code: moved, map: null } : null
}

/**
 * Engines keep a whole file in two bytes a character as soon as one needs them. Without comments, what is left is in
 * texts, where an escape is the same.
 */
const ascii = {
  name: 'ascii',
  renderChunk: (code) => ({
    code: code.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
    map: null,
  }),
}

const external = (id) => !id.startsWith('.') && !isAbsolute(id)

async function bundle(base, entries) {
  // Only when there is something to do: most runs find all of it fresh.
  const { rolldown } = await import('rolldown')
  const input = Object.fromEntries(Object.entries(entries).map(([name, file]) => [name, join(base, file)]))
  const made = await rolldown({
    input,
    platform: 'node',
    external,
    cwd: base,
    plugins: [atHome(base), { name: 'common-by-require', renderChunk: commonByRequire }, ascii],
  })
  rmSync(join(base, FOLDER), { recursive: true, force: true })
  const options = { dir: join(base, FOLDER), format: 'esm', sourcemap: true, comments: false }
  await made.write({ ...options, entryFileNames: '[name].js', chunkFileNames: 'shared/[name]-[hash].js' })
  await made.close()
}

for (const name of readdirSync(join(root, 'packages'))) {
  const base = join(root, 'packages', name)
  const manifest = JSON.parse(readFileSync(join(base, 'package.json'), 'utf8'))
  if (manifest.private) continue
  const entries = entriesOf(manifest)
  const outputs = Object.keys(entries).map((entry) => join(base, FOLDER, `${entry}.js`))
  const isFresh =
    !force &&
    outputs.every((file) => existsSync(file)) &&
    Math.min(...outputs.map((file) => statSync(file).mtimeMs)) > newest(join(base, 'dist'))
  if (!isFresh) await bundle(base, entries)
}
