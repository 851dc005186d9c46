// Processes and folders of a run: ended by their id and removed when the run is over, also on Ctrl-C.
import { fork, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const children = new Set()
const folders = new Set()

export function cleanUp() {
  for (const child of children) child.kill('SIGKILL')
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  folders.clear()
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    cleanUp()
    process.exit(130)
  })
}
process.once('exit', cleanUp)

function keep(child) {
  children.add(child)
  const gone = () => children.delete(child)
  child.once('error', gone)
  child.once('exit', gone)
  return child
}

/** A folder on the disk that is measured; gone at the end. */
export function freshFolder(name) {
  const folder = mkdtempSync(join(tmpdir(), `tanist-bench-${name}-`))
  folders.add(folder)
  return folder
}

export function dropFolder(folder) {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  folders.delete(folder)
}

/** A program that is no Node; its output is thrown away. */
export function program(command, args, options = {}) {
  return keep(spawn(command, args, { stdio: 'ignore', ...options }))
}

/**
 * One of the Node programs beside this file. `ask` sends it a request and resolves with the answer; what it tells
 * unasked goes to `heard`. `within`: a program and its arguments that runs Node, for example in a namespace.
 */
export function worker(file, given, execArgv = [], { within = [], heard = () => {} } = {}) {
  const path = fileURLToPath(new URL(file, import.meta.url))
  const [execPath, ...around] = [...within, process.execPath]
  const child = keep(
    fork(path, [JSON.stringify(given)], {
      execPath,
      execArgv: [...around, ...execArgv],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    }),
  )
  const waiting = new Map()
  let last = 0
  const exited = new Promise((resolve) => child.once('exit', resolve))
  let told
  const ready = new Promise((resolve, reject) => {
    told = resolve
    void exited.then((code) => reject(new Error(`${file} ended with ${code} before it was ready`)))
  })
  ready.catch(() => {})
  child.on('message', ({ id, answer, news }) => {
    if (news !== undefined) return heard(news)
    if (id === 0) return told(answer)
    waiting.get(id)?.(answer)
    waiting.delete(id)
  })
  const ask = (request) =>
    new Promise((resolve) => {
      last += 1
      waiting.set(last, resolve)
      if (child.connected) child.send({ id: last, request })
      void exited.then(() => resolve(null))
    })
  const end = async (signal = 'SIGKILL') => {
    child.kill(signal)
    await exited
  }
  return { pid: child.pid, ready, ask, end, exited, kill: (signal) => child.kill(signal) }
}

export async function endProgram(child) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await exited
}

/** Ports that are free now. */
export async function freePorts(count) {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise((resolve, reject) => {
          const server = createServer()
          server.once('error', reject)
          server.listen(0, '127.0.0.1', () => resolve(server))
        }),
    ),
  )
  const ports = servers.map((server) => server.address().port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

/** Resident memory in MB. */
export function residentMb(pid) {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(line?.[1] ?? Number.NaN) / 1_024
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Asks until the answer is not null; a run that waits longer than a minute is broken. */
export async function until(what, look, everyMs = 20) {
  const giveUpAt = performance.now() + 60_000
  for (;;) {
    const found = await look()
    if (found !== null && found !== false) return found
    if (performance.now() > giveUpAt) throw new Error(`waited a minute for ${what}`)
    await pause(everyMs)
  }
}
