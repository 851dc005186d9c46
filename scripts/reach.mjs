// What the built entry points of the publishable packages load: `node scripts/reach.mjs [ROOT]`. The test kits may
// be reached from `testing` entries alone, and fast-check only from those that say so, in code and in types: nobody
// needs either in production. What is CommonJS is not imported by a bundle.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { importsOf } from './layers/scan.mjs'

const optional = 'fast-check'
/** CommonJS in Node. */
const common = ['nact', 'rxjs', 'ws']
const mayReach = new Set(['./testing/arbitraries', './testing/property'])
const isKit = (entry) => /^\.\/testing(\/|$)/.test(entry)

const root = process.argv[2] ?? join(dirname(fileURLToPath(import.meta.url)), '..')
const packages = new Map(
  readdirSync(join(root, 'packages')).map((folder) => {
    const base = join(root, 'packages', folder)
    const manifest = JSON.parse(readFileSync(join(base, 'package.json'), 'utf8'))
    return [manifest.name, { base, manifest }]
  }),
)
const problems = []
let entries = 0

/** The file behind a specifier; null when it belongs to another project. */
function locate(specifier, from, kind) {
  if (specifier.startsWith('.')) {
    const path = resolve(dirname(from), specifier)
    return kind === 'types' ? path.replace(/\.js$/, '.d.ts') : path
  }
  const name = [...packages.keys()].find((own) => specifier === own || specifier.startsWith(`${own}/`))
  if (name === undefined) return null
  const { base, manifest } = packages.get(name)
  const target = targetOf(manifest.exports?.[`.${specifier.slice(name.length)}`], kind)
  return target === undefined ? undefined : join(base, target)
}

/** Of a file in another project: the project. */
function projectOf(specifier) {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

/** `parts`: what the bundle of `default` was made of. */
function targetOf(targets, kind) {
  return kind === 'parts' ? targets?.default?.replace('/dist/bundle/', '/dist/') : targets?.[kind]
}

const isBundle = (file) => /[\\/]dist[\\/]bundle[\\/]/.test(file)

/** What a bundle takes by `require`; see `bundle.mjs`. */
function requiredBy(text) {
  return [...text.matchAll(/\brequireHere\("([^"]+)"\)/g)].map(([, specifier]) => ({
    specifier,
    required: true,
  }))
}

/** Everything that loading `start` loads: how many of our files, and which other projects. */
function reach(start, kind) {
  const cameFrom = new Map([[start, null]])
  const outside = new Map()
  for (const file of cameFrom.keys()) {
    const text = readFileSync(file, 'utf8')
    for (const { specifier, required = false } of [...importsOf(text), ...requiredBy(text)]) {
      const project = specifier === null ? null : projectOf(specifier)
      if (isBundle(file) && common.includes(project) && !required)
        problems.push(
          `${file.slice(root.length)} imports ${project}, which reads it once more than to require it.`,
        )
      const next = specifier === null ? undefined : locate(specifier, file, kind)
      if (next === null) {
        if (!specifier.startsWith('node:')) outside.set(project, file)
      } else if (next === undefined || !existsSync(next))
        problems.push(`${file} imports ${specifier ?? 'a computed name'}, which leads nowhere.`)
      else if (!cameFrom.has(next)) cameFrom.set(next, file)
    }
  }
  return { cameFrom, outside }
}

function route(cameFrom, file) {
  const steps = []
  for (let at = file; at; at = cameFrom.get(at)) steps.unshift(at.slice(root.length))
  return steps.join(' -> ')
}

for (const { base, manifest } of [...packages.values()].filter((item) => !item.manifest.private)) {
  for (const [entry, targets] of Object.entries(manifest.exports ?? {})) {
    if (typeof targets === 'string') continue
    entries++
    for (const kind of ['default', 'parts', 'types']) {
      const start = join(base, targetOf(targets, kind))
      const name = `${manifest.name}${entry.slice(1)}`
      if (!existsSync(start)) {
        problems.push(`${name} is not built: there is no ${targetOf(targets, kind)}.`)
        continue
      }
      const { cameFrom, outside } = reach(start, kind)
      if (kind === 'default')
        console.log(
          `${name} loads ${cameFrom.size} files and ${[...outside.keys()].join(', ') || 'nothing else'}.`,
        )
      const file = outside.get(optional)
      if (file !== undefined && !mayReach.has(entry))
        problems.push(`${name} needs ${optional}: ${route(cameFrom, file)} -> ${optional}.`)
      const kit = [...cameFrom.keys()].find((path) => /[\\/]dist[\\/]testing[\\/]/.test(path))
      if (kit !== undefined && !isKit(entry))
        problems.push(`${name} takes the test kit into production: ${route(cameFrom, kit)}.`)
    }
  }
}

for (const problem of new Set(problems)) console.error(problem)
if (entries === 0) console.error('There is no entry point to look at, so this proves nothing.')
process.exitCode = problems.length > 0 || entries === 0 ? 1 : 0
