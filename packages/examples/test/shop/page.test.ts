import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Booking } from '../../src/shop/ledger.js'
import { parseOptions } from '../../src/shop/options.js'
import type { Orders } from '../../src/shop/orders.js'
import { later } from '../office/running.js'
import { compile, eventually, get, openShop, post } from './running.js'

const executablePath = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium'
const missing = !existsSync(executablePath)
if (missing) console.log(`The shop's page is not tested: there is no Chromium at ${executablePath}.`)

beforeAll(compile)

/** A bank that answers as it should, and declines one in ten: so order until one is shipped. */
async function calm(url: string): Promise<void> {
  expect((await post(`${url}api/bank`, { failing: 0 })).status).toBe(200)
}

describe('one peer of the shop', () => {
  it('takes an order to its end over HTTP, and only once however often it is sent', async () => {
    const shop = await openShop()
    const { url } = shop
    await calm(url)
    expect((await post(`${url}api/deliveries`, { sku: 'tea', n: 3 })).status).toBe(200)
    const first = await post(`${url}api/orders`, { id: 'web:1', sku: 'tea', n: 2 })
    const again = await post(`${url}api/orders`, { id: 'web:1', sku: 'tea', n: 2 })
    const { value } = (await first.json()) as { value: { order: string } }
    expect(await again.json()).toMatchObject({ status: 'ok', value })
    const orders = (): Promise<Orders> => get<Orders>(url, 'api/orders')
    await eventually(async () => value.order in (await orders()).finished)
    const { open, finished } = await orders()
    expect([Object.keys(open), Object.keys(finished)]).toEqual([[], [value.order]])
    const { books } = await get<{ books: [string, Booking][] }>(url, 'api/bank')
    const shipped = finished[value.order]?.state === 'shipped'
    expect(books).toMatchObject([[value.order, { cents: 1_300, taken: shipped ? 1 : 0, givenBack: 0 }]])
    expect(await shop.close()).toBe(0)
  })

  it('cancels what nobody paid in time, and the goods are free again', async () => {
    const { url } = await openShop()
    expect((await post(`${url}api/bank`, { failing: 1 })).status).toBe(200)
    await post(`${url}api/deliveries`, { sku: 'cup', n: 1 })
    await post(`${url}api/orders`, { sku: 'cup', n: 1, payWithinMs: 200 })
    const states = async (): Promise<string[]> =>
      Object.values((await get<Orders>(url, 'api/orders')).open).map(({ state }) => state)
    await eventually(async () => (await states()).includes('expiring'))
    // The bank has to agree first: until then nobody knows whose money it is.
    await calm(url)
    await eventually(async () => (await states()).length === 0)
    const stock = (): Promise<{ free: unknown }> => get(url, 'api/stock')
    await eventually(async () => JSON.stringify((await stock()).free) === '{"cup":1}')
  })

  it('says what is wrong with a request, and answers no foreign page', async () => {
    const { url } = await openShop()
    expect((await post(`${url}api/orders`, { sku: 'house', n: 1 })).status).toBe(409)
    expect((await post(`${url}api/orders`, { sku: 'tea', n: 0 })).status).toBe(409)
    expect((await post(`${url}api/orders`, { id: 'x', sku: 'tea', n: 1 })).status).toBe(400)
    expect((await post(`${url}api/orders`, '{')).status).toBe(400)
    expect((await fetch(`${url}api/orders`, { headers: { origin: 'http://elsewhere.test' } })).status).toBe(
      403,
    )
    expect((await fetch(`${url}nothing`)).status).toBe(404)
  })

  it.skipIf(missing)('shows in Chromium how an order goes through the shop', async () => {
    const { url } = await openShop()
    await calm(url)
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
    later(() => browser.close())
    const page = await browser.newPage()
    page.setDefaultTimeout(30_000)
    page.on('pageerror', (error) => expect.unreachable(error.message))
    await page.goto(url)
    await page.getByRole('button', { name: 'Deliver ten of Kettle' }).click()
    await page.locator('tr[data-sku=kettle] td:nth-child(2)', { hasText: '10' }).waitFor()
    await page.getByRole('button', { name: 'Order Kettle' }).click()
    await page.locator('#orders .state.shipped, #orders .state.cancelled').waitFor()
    await page.getByText(/^(?:0\.00|49\.00) taken; asked about 1/).waitFor()
    expect(await page.locator('#line-text').textContent()).toMatch(/serves · 1 peer$/)
  })
})

describe('the options of the shop', () => {
  it('default to one peer with a bank of its own', () => {
    expect(parseOptions([])).toMatchObject({ kind: 'run', options: { port: 7300, bank: null, story: false } })
  })

  it.each([
    [['--port', '0'], 'Option --port is "0"; it must be a whole number from 1 to 65535'],
    [['--bank', 'here'], 'Option --bank is "here"; it must be a URL'],
    [['--what'], "Unknown option '--what'"],
  ])('%j is refused with a sentence', (args, text) => {
    expect(parseOptions(args)).toEqual({ kind: 'wrong', text: `${text}; see "npm run shop -- --help".` })
  })
})
