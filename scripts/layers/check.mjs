// Walks the sources of every package and compares them with the rules. Used by ../layers.mjs.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, posix, relative, sep } from 'node:path'
import { findCircles } from './circles.mjs'
import { ambient, exceptions, order, pure, reserved } from './rules.mjs'
import { blank, importsOf, lineAt } from './scan.mjs'

/** `{ files, imports, problems }`, a problem being `{ file, line, text }`. */
export function checkLayers(root) {
  const packages = readPackages(root)
  const files = [...packages.values()].flatMap(({ sources }) => [...sources])
  const used = new Set()
  const problems = []
  const edges = []
  let imports = 0
  for (const file of files) {
    const text = readFileSync(join(root, 'packages', file), 'utf8')
    const code = blank(text)
    const home = packages.get(file.split('/')[0])
    const report = (line, what, sentence, typeOnly = false) => {
      const row = exceptions.find((item) => item.file === file && item.what === what)
      if (row && (typeOnly || !row.typeOnly)) used.add(row)
      else problems.push({ file: `packages/${file}`, line, text: sentence })
    }
    for (const found of importsOf(text, code)) {
      imports++
      const verdict = judge(found, file, home, packages)
      if (verdict) report(found.line, found.specifier, verdict, found.typeOnly)
      edges.push(...edgeOf(found, file))
    }
    if (pure.includes(home.folder)) {
      for (const { what, pattern } of ambient)
        for (const match of code.matchAll(pattern))
          report(
            lineAt(text, match.index),
            what,
            `uses ${what} (${match[0].trim()}): time, timers and randomness come from Host.`,
          )
    }
  }
  for (const row of exceptions)
    if (files.includes(row.file) && !used.has(row))
      problems.push({
        file: `packages/${row.file}`,
        line: 1,
        text: `no longer needs the exception for ${row.what}: remove it from scripts/layers/rules.mjs.`,
      })
  problems.push(...findCircles(edges))
  return { files: files.length, imports, problems }
}

/** The import as an edge between two folders right under src, when it is one. */
function edgeOf({ specifier, line }, file) {
  if (!specifier?.startsWith('.')) return []
  const [from, to] = [file, posix.join(dirname(file), specifier)].map((path) => path.split('/').slice(0, 3))
  const crosses = [from, to].every((parts) => !/\.[jt]s$/.test(parts.at(-1))) && from.join() !== to.join()
  return crosses ? [{ from: from.join('/'), to: to.join('/'), file: `packages/${file}`, line }] : []
}

function readPackages(root) {
  const base = join(root, 'packages')
  const packages = new Map()
  const folders = existsSync(base) ? readdirSync(base) : []
  for (const folder of folders.filter((name) => existsSync(join(base, name, 'package.json'))).toSorted()) {
    const manifest = JSON.parse(readFileSync(join(base, folder, 'package.json'), 'utf8'))
    const src = join(base, folder, 'src')
    const found = existsSync(src) ? readdirSync(src, { recursive: true, withFileTypes: true }) : []
    const sources = found
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map((entry) =>
        relative(base, join(entry.parentPath ?? entry.path, entry.name))
          .split(sep)
          .join('/'),
      )
    packages.set(folder, { folder, manifest, sources: new Set(sources.toSorted()) })
  }
  return packages
}

/** What is wrong with this import, as a sentence; null when nothing is. */
function judge({ specifier, typeOnly }, file, home, packages) {
  if (specifier === null)
    return 'imports a computed name, which cannot be checked: write it as a plain string.'
  if (specifier.startsWith('.')) return judgeRelative(specifier, file, home)
  const name = packageOf(specifier)
  const other = [...packages.values()].find(({ manifest }) => manifest.name === name)
  return (
    judgeReserved(specifier, file, home) ??
    (other ? judgeSibling(specifier, home, other) : judgeForeign(specifier, name, home, typeOnly))
  )
}

function judgeReserved(specifier, file, home) {
  for (const rule of reserved) {
    if (specifier !== rule.name && !specifier.startsWith(`${rule.name}/`)) continue
    if (rule.in !== undefined && rule.in !== home.folder) continue
    const only = rule.only.map((path) => path.replace('{package}', home.folder))
    const allowed = only.some((path) => (path.endsWith('/') ? file.startsWith(path) : file === path))
    if (!allowed) return `imports ${specifier}, which only ${only.join(', ')} may: ${rule.why}.`
  }
  return null
}

function judgeSibling(specifier, home, other) {
  if (other === home) return `imports its own package by name (${specifier}): use a relative path.`
  const [from, to] = [order.indexOf(home.folder), order.indexOf(other.folder)]
  if (to < 0 || from < 0)
    return `imports ${specifier}, but scripts/layers/rules.mjs gives these packages no order.`
  if (to > from) return `imports upwards: ${specifier} stands above (the order is ${order.join(' <- ')}).`
  const entry = `.${specifier.slice(other.manifest.name.length)}`
  if (!Object.hasOwn(other.manifest.exports ?? {}, entry))
    return `reaches into ${other.manifest.name}: "${entry}" is not in its exports.`
  return declared(home.manifest).has(other.manifest.name) ? null : undeclared(other.manifest.name, home)
}

function judgeForeign(specifier, name, home, typeOnly) {
  const builtin = specifier.startsWith('node:') || builtinModules.includes(specifier)
  if (builtin && pure.includes(home.folder))
    return `imports ${specifier}: ${home.folder} reaches the world only through Host${typeOnly ? ', types included' : ''}.`
  if (builtin)
    return specifier.startsWith('node:')
      ? null
      : `imports ${specifier} without "node:": write node:${specifier}.`
  if (name === 'ws' && pure.includes(home.folder))
    return `imports ws: ${home.folder} reaches the world only through Host.`
  return declared(home.manifest).has(name) ? null : undeclared(name, home)
}

const packageOf = (specifier) =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')

const declared = ({ dependencies = {}, peerDependencies = {} }) =>
  new Set([...Object.keys(dependencies), ...Object.keys(peerDependencies)])

const undeclared = (name, home) =>
  `imports ${name}, which packages/${home.folder}/package.json does not declare.`

/** A folder right under src, or with an index.ts, is closed: from outside only its index may be imported. */
function judgeRelative(specifier, file, { folder, sources }) {
  const target = posix.join(dirname(file), specifier)
  if (!target.startsWith(`${folder}/src/`))
    return `imports ${specifier}, which lies outside of its package's src.`
  if (!specifier.endsWith('.js')) return `imports ${specifier}: a relative import ends in .js.`
  const source = target.replace(/\.js$/, '.ts')
  if (!sources.has(source)) return `imports ${specifier}, but there is no ${source}.`
  if (source === `${folder}/src/index.ts`)
    return `imports its package's own index (${specifier}): name the folder that has what it needs.`
  const testing = `${folder}/src/testing/`
  if (source.startsWith(testing) && !file.startsWith(testing))
    return `imports ${specifier}: production code must not depend on the test kit.`
  for (let at = dirname(source); at !== `${folder}/src`; at = dirname(at)) {
    const index = `${at}/index.ts`
    const closed = dirname(at) === `${folder}/src` || sources.has(index)
    if (closed && source !== index && !file.startsWith(`${at}/`))
      return `imports ${specifier}, which is private to ${at}: use ${at}/index.js, and export there what is public.`
  }
  return null
}
