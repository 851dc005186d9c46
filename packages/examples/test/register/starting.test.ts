import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { startPeer } from '@tanist/singleton'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseOptions } from '../../src/register/options.js'
import { register } from '../../src/register/role.js'
import { Fleet, run } from './processes.js'
import type { Exit, RegisterProcess } from './processes.js'

const quiet = { write: (): void => {} }

let folder = ''
let fleet: Fleet | null = null
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tanist-register-'))
})
afterEach(async () => {
  await fleet?.end()
  fleet = null
  rmSync(folder, { recursive: true, force: true })
})

/** What is not a log line. */
function sentences({ stderr }: Exit): string[] {
  return stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{'))
}

/** Runs until the process ends by itself, or 20 s. */
async function ends(args: readonly string[]): Promise<Exit> {
  const { child, exit } = run(args)
  const timer = setTimeout(() => child.kill('SIGKILL'), 20_000)
  const ended = await exit
  clearTimeout(timer)
  return ended
}

async function failsWith(args: readonly string[], ...says: readonly string[]): Promise<void> {
  const ended = await ends(args)
  expect(sentences(ended)).toHaveLength(1)
  for (const part of says) expect(sentences(ended)[0]).toContain(part)
  expect(ended.code).toBe(1)
}

describe('the command line', () => {
  it.each([
    [['--port', '1'], 'There is no option --port; the options are --name, --listen, --data'],
    [['-n', 'a'], 'There is no option -n'],
    [['a'], 'There is no option "a"'],
    [['--name'], 'The option --name needs a value'],
    [['--name', '--listen', '127.0.0.1:1'], 'The option --name needs a value'],
    [['--data='], 'The option --data is empty'],
    [['--listen', '7101'], 'The option --listen has "7101"; an address is host:port'],
    [['--listen', '127.0.0.1:65536'], 'a port from 0 to 65535'],
    [['--join', '127.0.0.1:1,'], 'The option --join has ""'],
    [['--join', '127.0.0.1:0'], 'a port from 1 to 65535'],
    [['--mode', 'available'], 'The option --mode is "available"; allowed is consistent'],
    [['--expect', '0'], 'allowed is a whole number from 1 to 16'],
    [['--expect', '2.5'], 'allowed is a whole number from 1 to 16'],
    [['--help=x'], 'The option --help takes no value'],
  ])('%j is answered with one sentence', (args, says) => {
    expect(() => parseOptions(args)).toThrow(says)
  })

  it('is read as documented', () => {
    const args = '--name a --listen 127.0.0.1:7101 --data d --join 127.0.0.1:7102,[::1]:7103'.split(' ')
    expect(parseOptions([...args, '--secret', '-s', '--mode=consistent', '--expect', '3'])).toEqual({
      name: 'a',
      listen: '127.0.0.1:7101',
      data: 'd',
      join: ['127.0.0.1:7102', '[::1]:7103'],
      secret: '-s',
      mode: 'consistent',
      expect: 3,
    })
    expect(parseOptions([])).toMatchObject({ listen: '127.0.0.1:7101', join: [], secret: '', expect: 1 })
  })

  it('ends a process that has a bad one with exit code 2, one sentence, and nothing else', async () => {
    const ended = await ends(['--mode', 'fast', '--data', join(folder, 'data')])
    expect(ended).toMatchObject({
      code: 2,
      stdout: '',
      stderr: 'The option --mode is "fast"; allowed is consistent.\n',
    })
    expect(readdirSync(folder)).toEqual([])
  })

  it('shows its options with --help', async () => {
    const ended = await ends(['--help'])
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(ended.stdout).toContain('--listen ADDRESS')
  })
})

describe('a process that cannot start', () => {
  it('says that its port is in use', async () => {
    const server = createServer()
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        const at = server.address()
        resolve(typeof at === 'object' && at !== null ? at.port : 0)
      })
    })
    try {
      const args = ['--listen', `127.0.0.1:${port}`, '--data', join(folder, 'data')]
      await failsWith(args, `Port ${port} on 127.0.0.1 is in use`)
    } finally {
      server.close()
    }
  })

  it('says that another process uses its data folder, and leaves that one alone', async () => {
    fleet = await Fleet.started(1)
    const [peer] = fleet.peers as [RegisterProcess]
    await peer.post('/v1/registers/x', { op: 'put', value: 1 })
    await failsWith(
      ['--listen', '127.0.0.1:0', '--data', join(fleet.folder, 'a')],
      'is in use by the process',
    )
    expect((await peer.post('/v1/registers/x', { op: 'add', by: 1 })).body['value']).toBe(2)
    peer.kill('SIGKILL')
    await peer.exit
    peer.start()
    await fleet.whole(1)
    expect((await peer.get('/v1/registers/x')).body['value']).toBe(2)
  })

  it('says that its data folder belongs to another application', async () => {
    const data = join(folder, 'data')
    const other = await startPeer({ app: 'other', roles: [], data, log: quiet })
    await other.stop()
    await failsWith(['--listen', '127.0.0.1:0', '--data', data], 'belongs to the application "other"')
  })

  it('says that its data folder cannot be one', async () => {
    const data = join(folder, 'file')
    writeFileSync(data, 'text')
    await failsWith(['--listen', '127.0.0.1:0', '--data', data], data)
    expect(readFileSync(data, 'utf8')).toBe('text')
  })

  it('says that its journal is damaged, keeps it, and waits for its cluster', async () => {
    fleet = await Fleet.started(1)
    const [peer] = fleet.peers as [RegisterProcess]
    for (let i = 0; i < 50; i++) await peer.post('/v1/registers/x', { op: 'add', by: 1 })
    peer.kill('SIGKILL')
    await peer.exit
    const segment = largestFile(join(fleet.folder, 'a'))
    const bytes = readFileSync(segment)
    // Of what is in use: behind it are zeros, for entries to come.
    const middle = Math.floor(bytes.findLastIndex((byte) => byte !== 0) / 2)
    bytes.fill(0xff, middle, middle + 16)
    writeFileSync(segment, bytes)
    peer.start()
    const kept = join(dirname(segment), `damaged-1-${basename(segment)}`)
    while (!existsSync(kept)) await new Promise((resolve) => setTimeout(resolve, 20))
    await new Promise((resolve) => setTimeout(resolve, 300))
    peer.kill('SIGTERM')
    const ended = await peer.exit
    expect(ended.stderr).toContain('This peer goes on as a new member that fetches it again')
    expect(ended.stderr).not.toContain('founds cluster')
    expect(readFileSync(kept).equals(bytes)).toBe(true)
  })
})

describe('a process that nobody wants', () => {
  it.each([
    ['secret', 'tanist-register', 'another secret altogether'],
    ['application', 'other', ''],
  ])('says that the others have another %s', async (what, app, secret) => {
    const roles = [register]
    const other = await startPeer({ app, secret, roles, data: join(folder, 'other'), log: quiet })
    try {
      await other.joined
      const args = ['--listen', '127.0.0.1:0', '--data', join(folder, 'data'), '--join', other.address]
      await failsWith(args, what)
      expect(other.status().members).toHaveLength(1)
    } finally {
      await other.stop()
    }
  })

  it('says that its data folder is of another cluster, and works again without that address', async () => {
    fleet = await Fleet.started(1)
    const [peer] = fleet.peers as [RegisterProcess]
    await peer.post('/v1/registers/x', { op: 'put', value: 1 })
    peer.kill('SIGTERM')
    await peer.exit
    const other = await startPeer({
      app: 'tanist-register',
      roles: [register],
      data: join(folder, 'other'),
      log: quiet,
    })
    try {
      await other.joined
      // A cluster without any command would dissolve and join the other one.
      await other.role(register).put({ key: 'y', json: '2' }).value()
      await failsWith([...peer.args, '--join', other.address], 'cluster')
    } finally {
      await other.stop()
    }
    peer.start()
    await fleet.whole(1)
    expect((await peer.get('/v1/registers/x')).body['value']).toBe(1)
  })
})

function largestFile(below: string): string {
  const files = readdirSync(below, { recursive: true, encoding: 'utf8' }).map((name) => join(below, name))
  const [largest = ''] = files
    .filter((path) => statSync(path).isFile())
    .toSorted((a, b) => statSync(b).size - statSync(a).size)
  return largest
}
