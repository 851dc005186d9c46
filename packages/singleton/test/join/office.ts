import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join as path } from 'node:path'
import type { Log } from '@tanist/core'
import { persist, refuse, role, startPeer } from '../../src/index.js'
import type { JoinOptions, Peer } from '../../src/index.js'

export const counter = role('counter', {
  state: () => ({ n: 0 }),
  events: { added: (s, e: { by: number }) => ({ n: s.n + e.by }) },
  commands: {
    add: (s, c: { by: number }, on) =>
      c.by > 0
        ? persist(on.added(c)).reply((next) => next.n)
        : refuse({ code: 'not-positive' as const, n: s.n }),
    whoAmI: (_, _c: void, _on, ctx) => persist().reply(() => ctx.caller.memberId ?? '?'),
    stamp: (_, _c: void, _on, ctx) => persist().reply(() => ({ at: ctx.at, ids: [ctx.id(), ctx.id()] })),
    blowUp: (): never => {
      throw new Error('kaboom')
    },
  },
})

/** Remembers what was logged instead of printing it. */
export function memoryLog(): Log & { readonly lines: string[] } {
  const lines: string[] = []
  return {
    lines,
    write: (level, event, text, data = {}) =>
      void lines.push(`${level} ${event} ${text} ${String(data['error'] ?? '')}`),
  }
}

/** Peers on loopback in this process, each with a folder of its own; `close` stops them and removes all. */
export class Office {
  readonly root: string = mkdtempSync(path(tmpdir(), 'tanist-join-'))
  readonly peers: Peer[] = []
  readonly log = memoryLog()

  async start(options: Partial<JoinOptions> & { readonly name: string }): Promise<Peer> {
    const peer = await startPeer({
      app: 'office',
      secret: 'only for this loopback',
      roles: [counter],
      data: path(this.root, options.name),
      listen: '127.0.0.1:0',
      seeds: this.peers.map((one) => one.address),
      log: this.log,
      // Only the first founds: on a busy machine the others may need long to find it.
      timing: { settleMs: this.peers.length === 0 ? 50 : 10_000 },
      ...options,
    })
    this.peers.push(peer)
    return peer
  }

  async startAll(...names: string[]): Promise<Peer[]> {
    const started: Peer[] = []
    for (const name of names) {
      // On a busy machine the settling time may be over before the others were reached: no second cluster then.
      const peer = await this.start({ name, expect: Math.min(2, this.peers.length + 1) })
      await peer.joined
      started.push(peer)
    }
    return started
  }

  async close(): Promise<void> {
    await Promise.all(this.peers.map((peer) => peer.stop()))
    rmSync(this.root, { recursive: true, force: true })
  }
}
