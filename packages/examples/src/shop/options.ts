import { parseArgs } from 'node:util'

export interface Options {
  readonly story: boolean
  readonly name: string
  readonly port: number
  readonly seeds: readonly string[]
  /** Null: a temporary folder, removed at the end. */
  readonly data: string | null
  /** Null: a payment service is started beside this peer. */
  readonly bank: string | null
  /** Peers that must be in sight before one founds the cluster. */
  readonly expect: number
}

export type Parsed =
  | { readonly kind: 'run'; readonly options: Options }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly text: string }

export const help: string = `npm run shop -- [options]
Starts one peer of a shop with a web page, and a payment service that fails at random. Stop with Ctrl-C.
  --port P      where this peer listens, on 127.0.0.1 (default 7300)
  --seeds A,B   addresses of other peers, such as 127.0.0.1:7300
  --bank URL    a payment service that runs already: all peers need the same one (default: starts one)
  --data DIR    keep the data there, and go on with it next time (default: a temporary folder)
  --name N      what this peer is called (default: its address)
  --expect N    peers that must be in sight before one founds the shop (default 1)
  --story       three peers without a browser: the server is killed while orders come in, and all is counted
  --help        this text
`

export function parseOptions(argv: readonly string[]): Parsed {
  try {
    const { values } = parseArgs({
      args: argv.filter((argument) => argument !== '--'),
      options: {
        story: { type: 'boolean', default: false },
        name: { type: 'string' },
        port: { type: 'string', default: '7300' },
        seeds: { type: 'string', default: '' },
        data: { type: 'string' },
        bank: { type: 'string' },
        expect: { type: 'string', default: '1' },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.help) return { kind: 'help' }
    if (values.data === '') throw new TypeError('Option --data needs the path of a folder')
    if (values.bank !== undefined && !URL.canParse(values.bank))
      throw new TypeError(`Option --bank is "${values.bank}"; it must be a URL`)
    const port = whole('port', values.port, 1, 65_535)
    const options: Options = {
      story: values.story,
      name: values.name ?? `127.0.0.1:${port}`,
      port,
      seeds: values.seeds.split(',').filter(Boolean),
      data: values.data ?? null,
      bank: values.bank ?? null,
      expect: whole('expect', values.expect, 1, 16),
    }
    return { kind: 'run', options }
  } catch (error) {
    const [first = ''] = (error instanceof Error ? error.message : String(error)).split('. ')
    return { kind: 'wrong', text: `${first.replace(/\.$/, '')}; see "npm run shop -- --help".` }
  }
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN
  if (value >= least && value <= most) return value
  throw new TypeError(`Option --${name} is "${text}"; it must be a whole number from ${least} to ${most}`)
}
