import type { DatagramSocket, Host } from '@tanist/core'
import type { Hint, Look } from '../../src/peer/index.js'

const PORT = 9
const MOMENTS_MS = [0, 150, 400, 900]
const EVERY_MS = 5_000

/** A stand-in for discovery: what it says reaches every machine that the network lets it reach. */
export function shouting(machines: readonly string[]): (host: Host, node: string) => Look {
  return (host, node) => (_where, hooks) => {
    let open = true
    const say = (ask: boolean, to: readonly string[]): void => {
      const view = hooks.view()
      if (view === null || !open) return
      const bytes = new TextEncoder().encode(JSON.stringify({ ask, view }))
      for (const name of to) socket.send(bytes, `${name}:${PORT}`)
    }
    const others = machines.filter((name) => name !== node)
    const socket: DatagramSocket = host.datagrams.bind(`${node}:${PORT}`, {
      listening: () => {
        for (const afterMs of MOMENTS_MS) host.timers.set(afterMs, () => say(true, others))
      },
      message: (bytes, from) => {
        const { ask, view } = JSON.parse(new TextDecoder().decode(bytes)) as { ask: boolean; view: Hint }
        hooks.found({ ...view, by: ask ? 'hello' : 'beacon' })
        if (ask) say(false, [from.slice(0, from.lastIndexOf(':'))])
      },
      failed: () => {},
    })
    const again = (): void => {
      if (!open) return
      say(true, others)
      host.timers.set(EVERY_MS * (0.8 + 0.4 * host.random.next()), again)
    }
    host.timers.set(EVERY_MS, again)
    return {
      changed: () => say(false, others),
      settled: () => {},
      status: () => ({ interfaces: [], sent: 0, received: 0, dropped: {}, sweeps: 0 }),
      stop: () => {
        open = false
        socket.close()
      },
    }
  }
}
