import { parseArgs } from 'node:util'

export interface Options {
  readonly name: string | undefined
  readonly listen: string
  readonly data: string
  readonly join: readonly string[]
  readonly secret: string
  readonly mode: 'consistent'
  readonly expect: number
}

/** A command line that says something wrong: one sentence that names the option and what is allowed. */
export class BadOption extends Error {}

export const USAGE = `node packages/examples/dist/register/main.js [options]

  --name NAME        for people; default: the address
  --listen ADDRESS   host:port for members and HTTP; port 0 picks a free one; default 127.0.0.1:7101
  --data DIR         folder of this peer alone; default .tanist/register
  --join A,B,...     addresses of other peers; default: none
  --secret SECRET    the same at all peers; default: empty
  --mode consistent  the same at all peers
  --expect N         found a cluster only when N peers are in sight, 1 to 16; default 1
  --help
`

const spec = {
  name: { type: 'string' },
  listen: { type: 'string' },
  data: { type: 'string' },
  join: { type: 'string' },
  secret: { type: 'string' },
  mode: { type: 'string' },
  expect: { type: 'string' },
  help: { type: 'boolean' },
} as const

const names: readonly string[] = Object.keys(spec)

/** Throws `BadOption`. */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const { values, tokens } = parseArgs({ args: [...args], options: spec, strict: false, tokens: true })
  for (const token of tokens) {
    if (token.kind === 'positional') throw unknown(`"${token.value}"`)
    if (token.kind === 'option-terminator') throw unknown('"--"')
    checkOption(token.name, token.rawName, token.value, token.inlineValue ?? false)
  }
  if (values.help === true) return 'help'
  const {
    name,
    secret = '',
    data = '.tanist/register',
    mode = 'consistent',
    listen = '127.0.0.1:7101',
  } = texts(values)
  if (mode !== 'consistent') throw new BadOption(`The option --mode is "${mode}"; allowed is consistent.`)
  return {
    name,
    secret,
    data,
    mode,
    listen: address('--listen', listen, 0),
    join: (texts(values)['join']?.split(',') ?? []).map((one) => address('--join', one.trim(), 1)),
    expect: peers(texts(values)['expect'] ?? '1'),
  }
}

function checkOption(name: string, raw: string, value: string | undefined, inline: boolean): void {
  if (!names.includes(name) || !raw.startsWith('--')) throw unknown(raw)
  if (name === 'help') {
    if (value !== undefined) throw new BadOption('The option --help takes no value.')
  } else if (value === undefined || (!inline && value.startsWith('--'))) {
    throw new BadOption(`The option --${name} needs a value, as in --${name} ${example(name)}.`)
  } else if (value === '' && name !== 'secret') {
    throw new BadOption(`The option --${name} is empty; give it a value, as in --${name} ${example(name)}.`)
  }
}

function unknown(what: string): BadOption {
  return new BadOption(`There is no option ${what}; the options are --${names.join(', --')}.`)
}

function example(name: string): string {
  const examples: Readonly<Record<string, string>> = {
    listen: '127.0.0.1:7101',
    data: 'data/a',
    join: '127.0.0.1:7102,127.0.0.1:7103',
    mode: 'consistent',
    expect: '3',
  }
  return examples[name] ?? name.toUpperCase()
}

function texts(values: Readonly<Record<string, unknown>>): Readonly<Record<string, string | undefined>> {
  const strings = Object.entries(values).filter(
    (pair): pair is [string, string] => typeof pair[1] === 'string',
  )
  return Object.fromEntries(strings)
}

function address(option: string, text: string, leastPort: number): string {
  const port = /^(?:\[[0-9a-fA-F:.]+\]|[\w.-]+):(\d{1,5})$/.exec(text)?.[1]
  if (port !== undefined && Number(port) >= leastPort && Number(port) <= 65_535) return text
  throw new BadOption(
    `The option ${option} has "${text}"; an address is host:port with a port from ${leastPort} to 65535, for example 127.0.0.1:7101.`,
  )
}

function peers(text: string): number {
  const count = /^\d+$/.test(text) ? Number(text) : 0
  if (count >= 1 && count <= 16) return count
  throw new BadOption(`The option --expect is "${text}"; allowed is a whole number from 1 to 16.`)
}
