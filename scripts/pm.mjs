// Sets everything up and runs one task: needs Node and npm, nothing else. `node scripts/pm.mjs TASK [ARGS]`
// fetches the pinned pnpm into .pm, installs when a manifest changed, then runs the script "do:TASK".
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
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
  PATH: bin + delimiter + process.env.PATH,
  TURBO_TELEMETRY_DISABLED: '1',
  DO_NOT_TRACK: '1',
}

function run(command, args, cwd = root) {
  const { status, signal, error } = spawnSync(command, args, { cwd, env, stdio: 'inherit', shell: windows })
  if (error) {
    console.error(`Could not run ${command}: ${error.message}`)
    process.exit(1)
  }
  if (status !== 0) process.exit(status ?? (signal === 'SIGINT' ? 130 : 1))
}

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Tanist needs Node 20.19 or newer; this is Node ${process.versions.node}.`)
  process.exit(1)
}

if (!existsSync(join(bin, windows ? 'pnpm.cmd' : 'pnpm'))) {
  console.error(`Set-up 1/2: fetching pnpm ${version} from the npm registry ...`)
  mkdirSync(home, { recursive: true })
  writeFileSync(join(home, 'package.json'), '{"private":true}')
  run(
    'npm',
    ['install', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error', `pnpm@${version}`],
    home,
  )
}

const packages = readdirSync(join(root, 'packages')).map((name) => join('packages', name, 'package.json'))
const hash = createHash('sha256')
for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json', ...packages.toSorted()]) {
  if (existsSync(join(root, file))) hash.update(file).update(readFileSync(join(root, file)))
}
const key = hash.digest('hex')
const stamp = join(root, 'node_modules', '.pm-stamp')
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== key) {
  console.error('Set-up 2/2: installing the dependencies ...')
  run('pnpm', ['install', '--frozen-lockfile', '--prefer-offline'])
  writeFileSync(stamp, key)
}

const [task = 'build', ...rest] = process.argv.slice(2)
if (!manifest.scripts[`do:${task}`]) {
  const known = Object.keys(manifest.scripts).filter((name) => name.startsWith('do:'))
  console.error(`No task "${task}". Known tasks: ${known.map((name) => name.slice(3)).join(', ')}.`)
  process.exit(2)
}
run('pnpm', ['run', `do:${task}`, ...rest])
