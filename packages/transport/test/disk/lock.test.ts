import { linkSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { nodeDisk } from '../../src/index.js'
import { child, compile } from '../support/child.js'
import { later } from '../support/peers.js'

function scratch(): string {
  const path = mkdtempSync(join(tmpdir(), 'tanist-lock-'))
  later(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** The lock file of a process that is long gone, with this token. */
function deadOwner(token: string): string {
  return JSON.stringify({ pid: 1, start: 'another boot 1', token })
}

const dead = { one: '1'.repeat(32), two: '2'.repeat(32) }

describe('the lock of a folder', () => {
  beforeAll(compile)

  it('keeps a second opening out, in the same process too, until it is given back', () => {
    const path = scratch()
    const first = nodeDisk().openFolder(path)
    expect(() => nodeDisk().openFolder(path)).toThrow(
      expect.objectContaining({
        code: 'locked',
        message: expect.stringContaining(`${path} is in use by this process`),
      }),
    )
    first.close()
    nodeDisk().openFolder(path).close()
    expect(readdirSync(path)).toEqual([])
  })

  it('is held by a living process, named in the sentence, and free once that is killed', async () => {
    const path = scratch()
    const other = await child('lock', path)
    expect(() => nodeDisk().openFolder(path)).toThrow(
      expect.objectContaining({
        code: 'locked',
        message: `The folder ${path} is in use by the process ${other.process.pid}. Stop that process, or give this peer another data folder.`,
      }),
    )
    other.kill('SIGSTOP')
    expect(() => nodeDisk().openFolder(path)).toThrow(/in use by the process/)
    other.kill('SIGKILL')
    await other.gone()
    const folder = nodeDisk().openFolder(path)
    expect(readdirSync(path)).toEqual(['lock'])
    expect(JSON.parse(readFileSync(join(path, 'lock'), 'utf8'))).toMatchObject({ pid: process.pid })
    folder.close()
  })

  it('is stale when its number now belongs to another process', ({ skip }) => {
    skip(process.platform !== 'linux', 'Only Linux tells the start time of a process.')
    const path = scratch()
    writeFileSync(join(path, 'lock'), JSON.stringify({ pid: process.pid, start: 'x 1', token: dead.one }))
    nodeDisk().openFolder(path).close()
    expect(readdirSync(path)).toEqual([])
  })

  it('is taken over from one that died while it took over, and nothing is left behind', () => {
    const path = scratch()
    writeFileSync(join(path, 'lock'), deadOwner(dead.one))
    writeFileSync(join(path, `lock-${dead.one}`), deadOwner(dead.two))
    linkSync(join(path, `lock-${dead.one}`), join(path, `lock-new-${dead.two}`))
    const folder = nodeDisk().openFolder(path)
    expect(readdirSync(path)).toEqual(['lock'])
    folder.close()
  })

  it('is not taken while another, living process is taking it over', async () => {
    const path = scratch()
    const other = await child('lock', join(path, 'elsewhere'))
    const owner = readFileSync(join(path, 'elsewhere', 'lock'))
    writeFileSync(join(path, 'lock'), deadOwner(dead.one))
    writeFileSync(join(path, `lock-${dead.one}`), owner)
    expect(() => nodeDisk().openFolder(path)).toThrow(`in use by the process ${other.process.pid}`)
    expect(readFileSync(join(path, 'lock'), 'utf8')).toBe(deadOwner(dead.one))
  })

  it('does not guess about a file that is no lock of ours', () => {
    for (const content of ['', 'garbage', '{}', '{"pid":1,"start":"x","token":"../../etc/passwd"}', 'null']) {
      const path = scratch()
      writeFileSync(join(path, 'lock'), content)
      expect(() => nodeDisk().openFolder(path)).toThrow(
        expect.objectContaining({
          code: 'locked',
          message: expect.stringMatching(/damaged.*then remove it/),
        }),
      )
      expect(readFileSync(join(path, 'lock'), 'utf8')).toBe(content)
    }
  })

  it('is not hindered by a draft that another process is writing just now', () => {
    const path = scratch()
    writeFileSync(join(path, `lock-new-${dead.two}`), '')
    nodeDisk().openFolder(path).close()
    expect(readdirSync(path)).toEqual([`lock-new-${dead.two}`])
  })
})
