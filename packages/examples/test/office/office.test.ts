import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  answers,
  boardOf,
  compile,
  eventually,
  later,
  office,
  post,
  Program,
  temporaryFolder,
  wish,
} from './running.js'

beforeAll(compile)

async function opened(...args: readonly string[]): Promise<{ program: Program; urls: string[] }> {
  const program = new Program('--peers', '3', ...args)
  return { program, urls: await program.urls() }
}

/** The events of one peer's stream, by topic, each as last sent. */
async function stream(url: string): Promise<Map<string, string>> {
  const abort = new AbortController()
  later(() => abort.abort())
  const response = await fetch(`${url}api/events`, { signal: abort.signal })
  expect(response.headers.get('content-type')).toContain('text/event-stream')
  const last = new Map<string, string>()
  const read = async (): Promise<void> => {
    let rest = ''
    for await (const part of response.body!.pipeThrough(new TextDecoderStream())) {
      const events = (rest + part).split('\n\n')
      rest = events.pop() ?? ''
      for (const event of events) {
        const [, topic, data] = /^event: (.*)\ndata: (.*)$/.exec(event) ?? []
        last.set(topic ?? '', data ?? '')
      }
    }
  }
  read().catch(() => {})
  return last
}

describe('a peer of the office', () => {
  it('serves the page, the board, its changes as they happen at another peer, manifest and metrics', async () => {
    const { program, urls } = await opened()
    const [a = '', b = ''] = urls
    const page = await fetch(a)
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'")
    expect(await page.text()).toContain('<title>Office board</title>')
    expect((await fetch(`${a}browser/app.js`)).headers.get('content-type')).toContain('text/javascript')
    const live = await stream(b)
    const added = await post(`${a}api/commands`, { command: 'add', text: 'tea', id: 'test:1' })
    expect(added.status).toBe(200)
    const { value } = (await added.json()) as { value: { note: string } }
    await eventually(() => live.get('board')?.includes('"tea"') ?? false, program)
    await post(`${a}api/commands`, { command: 'tick', note: value.note, done: true })
    await eventually(() => live.get('board')?.includes('"done":true') ?? false, program)
    await post(`${b}api/commands`, { command: 'remove', note: value.note })
    for (const url of urls) expect(await boardOf(url)).toEqual({ notes: [] })
    const view = await office(b)
    expect(view.members.map(({ name }) => name).toSorted()).toEqual(['ada', 'ben', 'cleo'])
    expect([view.server, view.successor]).not.toContain(null)

    const manifest = (await (await fetch(`${a}tanist/manifest`)).json()) as Record<string, unknown>
    expect(manifest).toMatchObject({ app: 'office-board', versions: { app: '1.0.0' }, roles: [] })
    expect(manifest['members']).toHaveLength(3)
    expect(await (await fetch(`${a}tanist/metrics`)).text()).toContain('tanist_members{state="up"} 3\n')
  })

  it('runs a command once, whichever peers are asked for it with one id', async () => {
    const { urls } = await opened()
    const asked = urls.flatMap((url) => [url, url])
    const replies = await Promise.all(
      asked.map(async (url) =>
        (await post(`${url}api/commands`, { command: 'add', text: 'once', id: 'test:1' })).json(),
      ),
    )
    for (const reply of replies) expect(reply).toEqual(replies[0])
    for (const url of urls) expect((await boardOf(url)).notes).toHaveLength(1)
  })

  it('answers what it cannot do with a status and a sentence', async () => {
    const { urls } = await opened()
    const [url = ''] = urls
    const commands = `${url}api/commands`
    expect((await post(commands, '{"command":')).status).toBe(400)
    expect((await post(commands, { command: 'burn' })).status).toBe(400)
    expect((await post(commands, 'x'.repeat(20_000))).status).toBe(400)
    expect(
      (
        await post(
          commands,
          { command: 'add', text: 'x' },
          { 'content-type': 'text/plain', origin: url.slice(0, -1) },
        )
      ).status,
    ).toBe(400)
    const refused = await post(commands, { command: 'remove', note: 'nowhere' })
    expect(refused.status).toBe(409)
    expect(await refused.json()).toMatchObject({ ok: false, refused: 'unknown-note' })
    expect((await fetch(`${url}api/nothing`)).status).toBe(404)
    expect((await fetch(commands, { method: 'DELETE' })).status).toBe(405)
    expect(await wish(url, { act: 'return', name: 'ada' })).toBe(409)
    expect(await wish(url, { act: 'crash', name: 'nobody' })).toBe(409)
    expect(await boardOf(url)).toEqual({ notes: [] })
  })

  it('is open to the pages of the other peers, and to no page from elsewhere', async () => {
    const { urls } = await opened()
    const [a = '', b = ''] = urls
    const origin = b.slice(0, -1)
    const asked = await fetch(`${a}api/commands`, { method: 'OPTIONS', headers: { origin } })
    expect(asked.status).toBe(204)
    expect(asked.headers.get('access-control-allow-origin')).toBe(origin)
    expect(asked.headers.get('access-control-allow-headers')).toContain('content-type')
    const add = { command: 'add', text: 'from elsewhere' }
    expect((await post(`${a}api/commands`, add, { origin: 'https://example.org' })).status).toBe(403)
    expect((await post(`${a}api/commands`, add, { origin: 'http://127.0.0.1.example.org' })).status).toBe(403)
    expect((await fetch(`${a}api/board`, { headers: { origin: 'https://example.org' } })).status).toBe(403)
    expect(await boardOf(a)).toEqual({ notes: [] })
  })
})

describe('the launcher', () => {
  it('crashes, returns, adds and lets go whom a page names, and tells it in sentences', async () => {
    const { program, urls } = await opened()
    await post(`${urls[0]}api/commands`, { command: 'add', text: 'stays' })
    const { server } = await office(urls[0] ?? '')
    const at = { ada: 0, ben: 1, cleo: 2 }[server ?? ''] ?? 0
    const other = urls.find((_, i) => i !== at) ?? ''
    const name = `${server?.charAt(0).toUpperCase()}${server?.slice(1)}`
    expect(await wish(urls[at] ?? '', { act: 'crash', name: server ?? '' })).toBe(202)
    await eventually(() => program.said().includes(`${name}, the server, has crashed.`), program)
    await eventually(
      () => /is the server now, in term [2-9]\d*\. It took over from/.test(program.said()),
      program,
    )
    await eventually(async () => (await wish(other, { act: 'return', name: server ?? '' })) === 202, program)
    await eventually(async () => (await office(other)).members.length === 3, program)
    await eventually(() => answers(urls[at] ?? ''), program)
    expect((await boardOf(urls[at] ?? '')).notes).toMatchObject([{ text: 'stays' }])
    expect(await wish(other, { act: 'start' })).toBe(202)
    await eventually(() => program.said().includes('Dora has joined'), program)
    const serving = (await office(other)).server ?? ''
    expect(await wish(other, { act: 'leave', name: serving })).toBe(202)
    await eventually(() => program.said().includes('has left and given up its seat.'), program)
    expect((await program.close()).code).toBe(0)
    for (const url of urls) expect(await answers(url)).toBe(false)
  })

  it('goes on next time with the board and the peers of its folder', async () => {
    const data = join(temporaryFolder(), 'office')
    const first = await opened('--data', data)
    await post(`${first.urls[0]}api/commands`, { command: 'add', text: 'kept' })
    expect((await first.program.close()).code).toBe(0)
    const second = await opened('--data', data)
    for (const url of second.urls) expect((await boardOf(url)).notes).toMatchObject([{ text: 'kept' }])
    const third = new Program('--peers', '3', '--data', data)
    const { code, err } = await third.ended
    expect(code).toBe(1)
    expect(err).toMatch(/^[^\n]+\n$/)
    expect(err).toContain(data)
    expect((await boardOf(second.urls[0] ?? '')).notes).toHaveLength(1)
  })

  it('takes its peers along when it is killed', async () => {
    const { program, urls } = await opened('--data', join(temporaryFolder(), 'office'))
    program.process.kill('SIGKILL')
    await program.ended
    for (const url of urls) await eventually(async () => !(await answers(url)), program)
  })

  it('says in one sentence that a port is in use or a folder is not its own, and ends with 1', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    later(() => void taken.close())
    const { port } = taken.address() as AddressInfo
    const busy = await new Program('--peers', '1', '--port', `${port}`).ended
    expect(busy.code).toBe(1)
    expect(busy.err).toMatch(new RegExp(`^[^\\n]*${port}[^\\n]*in use[^\\n]*\\n$`))
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'photos'))
    const foreign = await new Program('--data', folder).ended
    expect(foreign.code).toBe(1)
    expect(foreign.err).toMatch(/^The folder [^\n]* cannot be used[^\n]*\n$/)
    expect(readdirSync(folder)).toEqual(['photos'])
  })

  it('answers --help with 0 and a wrong option with 2, and starts nobody', async () => {
    const asked = await new Program('--help').ended
    expect(asked).toMatchObject({ code: 0, err: '' })
    expect(asked.out).toContain('--story')
    const wrong = await new Program('--peers', 'many', '--data', 'nowhere').ended
    expect(wrong).toMatchObject({ code: 2, out: '' })
    expect(wrong.err).toMatch(/^Option --peers is "many"[^\n]*\n$/)
    expect(existsSync('nowhere')).toBe(false)
  })
})
