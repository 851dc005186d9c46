import type { Host, ListenHandlers } from '@tanist/core'
import { describe, expect, it } from 'vitest'
import { STRAY_SESSIONS } from '../../src/gateway/http-limits.js'
import { Layers } from '../../src/gateway/layers.js'
import { StraySessions } from '../../src/gateway/stray-sessions.js'

/** A host whose ports and timers are in the hands of the test. */
function hands(): { host: Host; ports: { at: string; handlers: ListenHandlers }[]; due: (() => void)[] } {
  const ports: { at: string; handlers: ListenHandlers }[] = []
  const due: (() => void)[] = []
  const host = {
    network: {
      listen: (at: string, handlers: ListenHandlers) => {
        ports.push({ at, handlers })
        return { close: () => undefined }
      },
    },
    timers: {
      set: (_ms: number, run: () => void) => {
        due.push(run)
        return { cancel: () => void due.splice(due.indexOf(run), 1) }
      },
    },
    log: { write: () => undefined },
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the parts of a host that layers use
  return { host: host as unknown as Host, ports, due }
}

describe('a layer that loses its port', () => {
  it('says so, and takes the same port again when it can', () => {
    const { host, ports, due } = hands()
    let changes = 0
    const layers = new Layers(host, null, () => (changes += 1))
    let opened: unknown = 'waiting'
    layers.open([{ name: 'web', listen: '127.0.0.1:0' }], (error) => (opened = error))
    expect(opened).toBe('waiting')
    ports[0]!.handlers.listening('127.0.0.1:4711')
    expect([opened, layers.views()[0]!.address]).toEqual([null, '127.0.0.1:4711'])
    ports[0]!.handlers.failed({ code: 'lost', text: 'It was lost.' })
    expect(layers.views()[0]).toMatchObject({ address: '127.0.0.1:4711', problem: 'It was lost.' })
    due.shift()!()
    expect(ports[1]!.at).toBe('127.0.0.1:4711')
    ports[1]!.handlers.failed({ code: 'in-use', text: 'Somebody has it.' })
    expect(layers.views()[0]!.problem).toBe('Somebody has it.')
    due.shift()!()
    ports[2]!.handlers.listening('127.0.0.1:4711')
    expect(layers.views()[0]!.problem).toBeNull()
    expect(changes).toBe(4)
  })

  it('is not looked after any more once the peer has stopped', () => {
    const { host, ports, due } = hands()
    const layers = new Layers(host, null, () => {})
    layers.open([{ name: 'web', listen: '127.0.0.1:0' }], () => {})
    ports[0]!.handlers.listening('127.0.0.1:4711')
    ports[0]!.handlers.failed({ code: 'lost', text: 'It was lost.' })
    layers.close()
    expect(due).toEqual([])
  })
})

describe('sessions of strays', () => {
  it('are so many at once, and then one a second; those that are known cost nothing', () => {
    const sessions = new StraySessions(0)
    for (let i = 0; i < STRAY_SESSIONS; i++) expect(sessions.admits(`s/${i}`, 0)).toBe(true)
    expect(sessions.admits('s/new', 0)).toBe(false)
    expect(sessions.admits('s/0', 0)).toBe(true)
    expect(sessions.admits('s/new', 999)).toBe(false)
    expect(sessions.admits('s/new', 1_000)).toBe(true)
    expect(sessions.admits('s/newer', 1_000)).toBe(false)
    // A clock that was set back gives nothing.
    expect(sessions.admits('s/newer', 0)).toBe(false)
  })
})
