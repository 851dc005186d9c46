import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { ports } from '../../src/office/index.js'
import { later, temporaryFolder } from '../office/running.js'

export { compile, eventually, post } from '../office/running.js'

const main = fileURLToPath(new URL('../../dist/shop/main.js', import.meta.url))

export interface Running {
  readonly url: string
  /** As Ctrl-C; its exit code. */
  close(): Promise<number | null>
}

/** `npm run shop -- ...args`, without npm, once it is open. */
export async function openShop(...args: readonly string[]): Promise<Running> {
  const port = await ports(null).next()
  const all = [main, '--port', `${port}`, '--data', temporaryFolder(), ...args]
  const child = spawn(process.execPath, all, { stdio: ['ignore', 'pipe', 'pipe'] })
  const closed = once(child, 'close')
  let said = ''
  const open = new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (part: Buffer) => {
      said += part.toString()
      if (said.includes('The shop is open')) resolve()
    })
    child.stderr.on('data', (part: Buffer) => (said += part.toString()))
    child.once('close', () => reject(new Error(`It has ended and said: ${said}`)))
  })
  const close = async (): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGINT')
    return ((await closed) as [number | null])[0]
  }
  later(async () => void (await close()))
  await open
  return { url: `http://127.0.0.1:${port}/`, close }
}

export async function get<T>(url: string, path: string): Promise<T> {
  return (await (await fetch(new URL(path, url))).json()) as T
}
