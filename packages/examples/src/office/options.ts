import { parseArgs } from 'node:util'
import { MAX_PEERS } from './office.js'

export interface Options {
  readonly story: boolean
  /** Null: a temporary folder, removed at the end. */
  readonly data: string | null
  readonly peers: number
  /** Null: free ports. */
  readonly firstPort: number | null
  /** How long the story takes, about. */
  readonly seconds: number
}

export type Parsed =
  | { readonly kind: 'run'; readonly options: Options }
  | { readonly kind: 'help' }
  /** One sentence; exit code 2. */
  | { readonly kind: 'wrong'; readonly text: string }

export const help: string = `The office board: several peers on this machine share one board, without a server.

npm start -- [options]

  --peers N     how many peers, 1 to ${MAX_PEERS} (default 5; the story needs 4 or more)
  --port P      the first peer's port, the others take the next ones (default: free ports)
  --data DIR    keep the peers' data here, and go on with it next time (default: a temporary folder)
  --story       play a scripted half minute without a browser: three crashes and two leaves under steady writes
  --seconds S   how long the story takes, about, 10 to 600 (default 30)
  --help        this text
`

export function parseOptions(argv: readonly string[]): Parsed {
  try {
    const { values } = parseArgs({
      args: argv.filter((argument) => argument !== '--'),
      options: {
        story: { type: 'boolean', default: false },
        data: { type: 'string' },
        peers: { type: 'string', default: '5' },
        port: { type: 'string' },
        seconds: { type: 'string', default: '30' },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.help) return { kind: 'help' }
    if (values.data === '') throw new TypeError('Option --data needs the path of a folder')
    const peers = whole('peers', values.peers, values.story ? 4 : 1, MAX_PEERS)
    const firstPort = values.port === undefined ? null : whole('port', values.port, 1, 65_536 - peers)
    const seconds = whole('seconds', values.seconds, 10, 600)
    return {
      kind: 'run',
      options: { story: values.story, data: values.data ?? null, peers, firstPort, seconds },
    }
  } catch (error) {
    const [first = ''] = (error instanceof Error ? error.message : String(error)).split('. ')
    return { kind: 'wrong', text: `${first.replace(/\.$/, '')}; see "npm start -- --help".` }
  }
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN
  if (value >= least && value <= most) return value
  throw new TypeError(`Option --${name} is "${text}"; it must be a whole number from ${least} to ${most}`)
}
