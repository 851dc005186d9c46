import { afterEach, expect, it } from 'vitest'
import { PrinterOffice } from './processes.js'

let office: PrinterOffice | null = null
afterEach(async () => {
  await office?.end()
  office = null
})

it('one printer for three processes: hand-over, kill -9, and two that fail alike', async () => {
  office = new PrinterOffice()
  await office.start(['ann', 'bob', 'cy'])
  const { all } = office
  const early = all.map((one) => one.say(`print early ${one.name}`))
  const first = await office.agreed('running', 2)
  for (const said of await Promise.all(early)) expect(said.code, JSON.stringify(said)).toBeUndefined()

  // A hand-over ends what is under way, and what comes after it is printed by the next.
  const slow = first.say('slow 20000')
  expect((await first.say('handover')).code).toBeUndefined()
  expect(await slow).toMatchObject({ code: 'lost' })
  const second = await office.agreed('running', 2)
  expect(second.name).not.toBe(first.name)
  expect((await first.say('print after the hand-over')).ok).toBe(1)

  const [other] = all.filter((one) => one !== first && one !== second)
  const dying = other!.say('slow 20000')
  await other!.say('print before the kill')
  second.kill()
  const printed = other!.say('print after the kill')
  expect(await dying).toMatchObject({ code: 'lost' })
  expect((await printed).code ?? 'lost').toBe('lost')
  const third = await office.agreed('running', 1)
  expect(third.name).not.toBe(second.name)

  // Three jams are too many for one server, and three more for all of them.
  const jam = async (): Promise<void> => {
    for (let i = 0; i < 2; i++) expect((await third.say('jam')).code).toBe('failed')
    // The word that it has ended may come before the answer.
    expect((await third.say('jam')).code).toMatch(/^(failed|lost)$/)
  }
  await jam()
  const [fourth] = office.living.filter((one) => one !== third)
  await expect.poll(() => office!.agreed('running', 1), { timeout: 30_000 }).toBe(fourth)
  await jam()
  expect(await office.agreed('given-up', 1), 'no further hand-over').toBe(fourth)
  const refused = await third.say('print nothing')
  expect(refused).toMatchObject({
    code: 'stopped',
    text: expect.stringMatching(/paper jam at .*until an operator/),
  })
  expect(fourth!.log).toMatch(/"error".*singleton-given-up/)

  expect((await third.say('restart')).ok).toMatchObject({ status: 'done' })
  await office.agreed('running', 1)
  expect((await third.say('print at last')).ok).toBe(1)

  const { lines } = office
  expect(new Set(lines.map(({ text }) => text)).size, 'each line once').toBe(lines.length)
  expect(lines.map(({ term }) => term)).toEqual(lines.map(({ term }) => term).toSorted((a, b) => a - b))
  expect(lines.at(-1)).toMatchObject({ who: fourth!.name, text: 'at last' })
})
