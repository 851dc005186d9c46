import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseCommand, parseWish } from '../../src/office/commands.js'
import { openFolder } from '../../src/office/folder.js'
import { nextName } from '../../src/office/names.js'
import { parseOptions } from '../../src/office/options.js'
import { temporaryFolder } from './running.js'

describe('the options', () => {
  it('has five peers on free ports in a temporary folder when nothing is said', () => {
    const options = { story: false, data: null, peers: 5, firstPort: null, seconds: 30 }
    expect(parseOptions([])).toEqual({ kind: 'run', options })
  })

  it.each([
    [['--peers', '0'], 'Option --peers is "0"; it must be a whole number from 1 to 9'],
    [['--peers', '3', '--story'], 'Option --peers is "3"; it must be a whole number from 4 to 9'],
    [['--port', 'http'], 'Option --port is "http"; it must be a whole number from 1 to 65531'],
    [['--seconds=1'], 'Option --seconds is "1"; it must be a whole number from 10 to 600'],
    [['--data', ''], 'Option --data needs the path of a folder'],
    [['--pears', '3'], "Unknown option '--pears'"],
    [['five'], "Unexpected argument 'five'"],
  ])('answers %j with one sentence', (argv, text) => {
    expect(parseOptions(argv)).toEqual({
      kind: 'wrong',
      text: expect.stringMatching(/^[^\n]+; see "npm start -- --help"\.$/) as string,
    })
    expect(parseOptions(argv)).toMatchObject({ text: expect.stringContaining(text) as string })
  })
})

describe('the folder of an office', () => {
  it('is made, and next time gives the names of the peers that were there', () => {
    const folder = join(temporaryFolder(), 'new')
    expect(openFolder(folder)).toEqual([])
    mkdirSync(join(folder, 'ada'))
    mkdirSync(join(folder, 'ben-2'))
    writeFileSync(join(folder, 'ada.log'), '')
    expect(openFolder(folder).toSorted()).toEqual(['ada', 'ben-2'])
  })

  it('is refused, and left as it was, when it holds other things', () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'photos'))
    expect(() => openFolder(folder)).toThrow(
      /cannot be used: it holds other things\. Give --data a new folder/,
    )
    expect(() => openFolder(folder)).toThrow('it holds other things')
  })
})

it('gives no name twice, however many come', () => {
  const names = new Set<string>()
  for (let i = 0; i < 40; i++) names.add(nextName(names))
  expect(names.size).toBe(40)
})

describe('the body of a request', () => {
  it.each([
    [null, /must be a JSON object/],
    [{ command: 'burn' }, /must be "add", "tick" or "remove"/],
    [{ command: 'add' }, /give a "text"/],
    [{ command: 'tick', note: 'x' }, /"done" as true or false/],
    [{ command: 'remove', note: 7 }, /id of a "note"/],
    [{ command: 'add', text: 'x', id: 'page:0' }, /"CLIENT:SEQ"/],
    [{ command: 'add', text: 'x', id: 7 }, /"CLIENT:SEQ"/],
  ])('%j is answered with a sentence', (body, sentence) => {
    expect(parseCommand(body)).toMatch(sentence)
  })

  it('is taken for what it says', () => {
    const add = { command: 'add', text: 'tea', id: 'page-1:1' }
    expect(parseCommand({ ...add, more: 1 })).toEqual(add)
    expect(parseWish({ act: 'crash', name: 'ada' })).toEqual({ act: 'crash', name: 'ada' })
    expect(parseWish({ act: 'explode' })).toMatch(/must be "crash"/)
  })
})
