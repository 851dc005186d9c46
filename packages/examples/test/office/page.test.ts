import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { boardOf, compile, eventually, later, office, post, Program, wish } from './running.js'

const executablePath = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium'
const missing = !existsSync(executablePath)
if (missing) {
  console.log(
    `The page is not tested: there is no Chromium at ${executablePath}; install it or set CHROMIUM_PATH.`,
  )
}

const PHONE: BrowserContextOptions = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true }

describe.skipIf(missing)('the page in Chromium', () => {
  let browser: Browser

  beforeAll(async () => {
    compile()
    browser = await chromium.launch({
      executablePath,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    })
  })

  afterAll(() => browser?.close())

  async function opened(peers = '3'): Promise<{ program: Program; urls: string[] }> {
    const program = new Program('--peers', peers)
    return { program, urls: await program.urls() }
  }

  async function pageOf(url: string, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext(options)
    later(() => context.close())
    const page = await context.newPage()
    page.setDefaultTimeout(30_000)
    // A broken script must fail the test; refused connections to a dead peer are what the page is made for.
    page.on('pageerror', (error) => expect.unreachable(error.message))
    await page.goto(url)
    await page.locator('#people li').first().waitFor()
    return page
  }

  async function add(page: Page, text: string): Promise<void> {
    await page.getByLabel('New note').fill(text)
    await page.keyboard.press('Enter')
  }

  const texts = (page: Page): Promise<string[]> => page.locator('#notes .text').allTextContents()

  async function shows(page: Page, wanted: readonly string[]): Promise<void> {
    await eventually(async () => JSON.stringify(await texts(page)) === JSON.stringify(wanted))
  }

  it('adds, ticks and removes notes, and every page sees what another did', async () => {
    const { urls } = await opened()
    const one = await pageOf(urls[0] ?? '')
    const other = await pageOf(urls[1] ?? '')
    await add(one, 'order <b>tea</b>')
    await shows(other, ['order <b>tea</b>'])
    await add(other, 'water the plants')
    await shows(one, ['water the plants', 'order <b>tea</b>'])
    await one.getByRole('checkbox', { name: 'water the plants' }).check()
    await other.locator('#notes li.done').waitFor()
    expect(await other.getByRole('checkbox', { name: 'water the plants' }).isChecked()).toBe(true)
    expect(await other.locator('#count').textContent()).toBe('1 open, 1 done')
    await other.getByRole('button', { name: 'Remove "water the plants"' }).click()
    await shows(one, ['order <b>tea</b>'])
    expect((await boardOf(urls[2] ?? '')).notes).toMatchObject([{ text: 'order <b>tea</b>', done: false }])
  })

  it('tells why a note was refused, and gives the text back', async () => {
    const { urls } = await opened()
    const page = await pageOf(urls[0] ?? '')
    // As a page of an older version could.
    await page.locator('#text').evaluate((input) => input.removeAttribute('maxlength'))
    await add(page, 'x'.repeat(300))
    await page.getByRole('alert').getByText('A note has at most 280 characters').waitFor()
    expect(await page.getByLabel('New note').inputValue()).toHaveLength(300)
    expect(await page.locator('#notes .text').count()).toBe(0)
  })

  it('draws the ring with the server and its successor, as the peers say', async () => {
    const { urls } = await opened()
    const page = await pageOf(urls[0] ?? '')
    const { server, successor, term } = await office(urls[0] ?? '')
    expect(await page.locator('#ring .peer').count()).toBe(3)
    expect(await page.locator('#ring .peer.server').getAttribute('data-name')).toBe(server)
    expect(await page.locator('#ring .peer.next').getAttribute('data-name')).toBe(successor)
    expect(await page.locator('#ring .peer.server .crown').isVisible()).toBe(true)
    expect(await page.locator('#ring .peer:not(.server) .crown').first().isVisible()).toBe(false)
    expect(await page.locator('#ring .term').textContent()).toBe(`${term}`)
    expect(await page.getByRole('img', { name: /The ring of members/ }).getAttribute('aria-label')).toMatch(
      /server, votes/,
    )
  })

  it('goes on with another peer when the one that served it is killed', async () => {
    const { program, urls } = await opened()
    const { server } = await office(urls[0] ?? '')
    const at = ['ada', 'ben', 'cleo'].indexOf(server ?? '')
    const page = await pageOf(urls[at] ?? '')
    await add(page, 'before')
    await shows(page, ['before'])
    await page.getByLabel('New note').fill('half a sent')
    await page
      .locator(`#people [data-name=${server}]`)
      .getByRole('button', { name: /^Crash/ })
      .click()
    // On a busy machine it may have handed the board over a moment before.
    await eventually(() => program.said().includes(' has crashed.'), program)
    const rest = urls.filter((_, i) => i !== at)
    await post(`${rest[0]}api/commands`, { command: 'add', text: 'meanwhile' })
    await shows(page, ['meanwhile', 'before'])
    expect(await page.locator('#line-text').textContent()).toMatch(/^Moved to \w+, because \w+ was gone$/)
    expect(await page.getByLabel('New note').inputValue()).toBe('half a sent')
    await page.locator('#ring .peer.crashed').waitFor()
    await eventually(async () => /^\d+ ms$/.test((await page.locator('#ring .took').textContent()) ?? ''))
    await page.getByLabel('New note').press('Enter')
    await shows(page, ['half a sent', 'meanwhile', 'before'])
    // The page shows a note before it is acknowledged; the others have it once it is.
    for (const url of rest) await eventually(async () => (await boardOf(url)).notes.length === 3)
    await page
      .locator(`#people [data-name=${server}]`)
      .getByRole('button', { name: /^Start again/ })
      .click()
    await page
      .locator('#ring .peer.crashed')
      .waitFor({ state: 'detached' })
      .catch(() => {})
    await eventually(async () => (await office(rest[0] ?? '')).members.length === 3, program)
  })

  it('says for whom it waits when nobody answers, and sends what was typed once somebody does', async () => {
    const { program, urls } = await opened('1')
    const url = urls[0] ?? ''
    const page = await pageOf(url)
    await page.route('**/api/**', (route) => route.abort())
    expect(await wish(url, { act: 'start' })).toBe(202)
    await eventually(() => program.said().includes('Ben has joined'), program)
    const second = (await office(url)).chairs.find(({ name }) => name === 'ben')?.address
    await page.reload()
    await page.locator('.line.waiting').waitFor()
    expect(await page.locator('#line-text').textContent()).toMatch(
      /^Nobody answers\. Waiting for .*; what you typed stays/,
    )
    await add(page, 'patience')
    expect(await page.locator('#notes .sending .text').textContent()).toBe('patience')
    await page.unroute('**/api/**')
    await page
      .locator('.line.waiting')
      .waitFor({ state: 'detached' })
      .catch(() => {})
    await page.locator('#notes .sending').waitFor({ state: 'detached' })
    await shows(page, ['patience'])
    expect((await boardOf(`http://${second}/`)).notes).toMatchObject([{ text: 'patience' }])
  })

  it('fits a phone: nothing to scroll sideways, and nothing too small for a thumb', async () => {
    const { urls } = await opened()
    await post(`${urls[0]}api/commands`, { command: 'add', text: `a very ${'long'.repeat(40)} word` })
    const page = await pageOf(urls[0] ?? '', PHONE)
    await page.locator('#notes .text').waitFor()
    const wide = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')
    expect(wide).toBe(0)
    for (const button of await page.getByRole('button').all()) {
      const box = await button.boundingBox()
      expect(Math.min(box?.width ?? 0, box?.height ?? 0), await button.innerText()).toBeGreaterThanOrEqual(44)
    }
    await page.getByRole('checkbox').tap()
    await page.locator('#notes li.done').waitFor()
  })

  it('follows the system to dark and back', async () => {
    const { urls } = await opened('1')
    const page = await pageOf(urls[0] ?? '', { colorScheme: 'dark' })
    const paper = (): Promise<string> => page.evaluate('getComputedStyle(document.body).backgroundColor')
    const dark = await paper()
    await page.emulateMedia({ colorScheme: 'light' })
    expect(await paper()).not.toBe(dark)
  })
})
