// Sets everything up and runs one task: needs Node and npm, nothing else. `node scripts/pm.mjs TASK [ARGS]`
// fetches the pinned pnpm into .pm, installs when a manifest changed, then runs the script "do:TASK" of the root
// package.json: steps joined by `&&`, of which the last one gets ARGS.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const version = manifest.packageManager.split('@')[1].split('+')[0]
const home = join(root, '.pm', version)
const bin = join(home, 'node_modules', '.bin')
const windows = process.platform === 'win32'
const env = {
  ...process.env,
  PATH: [join(root, 'node_modules', '.bin'), bin, process.env.PATH].join(delimiter),
  TURBO_TELEMETRY_DISABLED: '1',
  DO_NOT_TRACK: '1',
}

// Ctrl-C and the closing of a terminal reach all its processes by themselves: passed on, the child would get them
// twice. SIGTERM reaches only this process. Either way the child decides when it is done.
let child = null
for (const signal of ['SIGINT', 'SIGHUP']) process.on(signal, () => {})
process.on('SIGTERM', () => child?.kill('SIGTERM'))

// npm and its shell die of SIGTERM without passing it on: what they started would run on, unseen.
const parent = process.ppid
if (process.env.npm_lifecycle_event) {
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    child?.kill('SIGTERM')
  }, 500)
  watch.unref()
}

/** Runs a command to its end in the foreground; gives its exit code, or 128 + n when a signal ended it. */
function run(command, args, cwd = root) {
  const [file, rest, shell] = windows ? [command, args.map(quote), true] : [command, args, false]
  return new Promise((resolve) => {
    child = spawn(file === 'node' ? process.execPath : file, rest, {
      cwd,
      env,
      stdio: 'inherit',
      shell: shell && file !== 'node',
    })
    child.on('error', (error) => {
      console.error(`Could not run ${command}: ${error.message}`)
      resolve(1)
    })
    child.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]))
  })
}

const quote = (text) => (/[\s&|<>^"]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

/** A set-up step; a `silent` command gets a sign of life. */
async function setUp({ sentence, silent }, command, args, cwd) {
  const since = Date.now()
  const seconds = () => Math.round((Date.now() - since) / 1000)
  console.error(`${sentence} ...`)
  const alive = setInterval(() => silent && console.error(`  still at it after ${seconds()} s`), 5000)
  const code = await run(command, args, cwd)
  clearInterval(alive)
  if (code === 0) return console.error(`  done in ${seconds()} s.`)
  if (code < 128) console.error(`${sentence} failed. Is the network within reach? The next run tries again.`)
  process.exit(code)
}

async function fetchPnpm() {
  if (existsSync(join(bin, windows ? 'pnpm.cmd' : 'pnpm'))) return
  mkdirSync(home, { recursive: true })
  writeFileSync(join(home, 'package.json'), '{"private":true}')
  const quiet = ['--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error']
  const step = { sentence: `Set-up 1/2: fetching pnpm ${version}`, silent: true }
  await setUp(step, 'npm', ['install', ...quiet, `pnpm@${version}`], home)
}

async function install() {
  const packages = readdirSync(join(root, 'packages')).map((name) => join('packages', name, 'package.json'))
  const hash = createHash('sha256')
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json', ...packages.toSorted()]) {
    if (existsSync(join(root, file))) hash.update(file).update(readFileSync(join(root, file)))
  }
  const key = hash.digest('hex')
  const stamp = join(root, 'node_modules', '.pm-stamp')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === key) return
  const step = { sentence: 'Set-up 2/2: installing the dependencies', silent: false }
  await setUp(step, 'pnpm', ['install', '--frozen-lockfile', '--prefer-offline'], root)
  writeFileSync(stamp, key)
}

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Tanist needs Node 20.19 or newer; this is Node ${process.versions.node}.`)
  process.exit(1)
}

const [task = 'build', ...given] = process.argv.slice(2)
const script = manifest.scripts[`do:${task}`]
if (!script) {
  const known = Object.keys(manifest.scripts).filter((name) => name.startsWith('do:'))
  console.error(`No task "${task}". Known tasks: ${known.map((name) => name.slice(3)).join(', ')}.`)
  process.exit(2)
}

await fetchPnpm()
await install()

// npm swallows one `--`; who calls this script directly may have written one.
const rest = given[0] === '--' ? given.slice(1) : given
const steps = script.split(' && ')
for (const [index, step] of steps.entries()) {
  const [command, ...args] = step.split(' ')
  const code = await run(command, index === steps.length - 1 ? [...args, ...rest] : args)
  if (code !== 0) process.exit(code)
}
