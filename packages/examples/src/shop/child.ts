import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const at = (file: string): string => fileURLToPath(new URL(file, import.meta.url))

/** The payment service as a process of its own; it ends with this one. */
export async function startPaymentService(): Promise<{ url: string; stop: () => void }> {
  const child = fork(at('./payment-service.js'), [], { execArgv: [] })
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message: { port: number }) => resolve(message.port))
    child.once('exit', () => reject(new Error('The payment service has ended.')))
  })
  return { url: `http://127.0.0.1:${port}/`, stop: () => void child.kill() }
}

/** One more peer as a process of its own. What it says is not passed on, except what goes wrong. */
export function startPeerProcess(args: readonly string[]): ChildProcess {
  return fork(at('./main.js'), args, { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
}
