import { describe, expect, it } from 'vitest'
import {
  type Disk,
  DiskError,
  type DiskFile,
  type Engine,
  type Host,
  type LinkHandlers,
  type ListenHandlers,
  type SyncDone,
} from '../../src/host/index.js'
import { type HostSubject, hostContract } from '../../src/testing/index.js'
import { twoSimulatedHosts } from './office.js'

/** The names of the cases that this host breaks. */
async function broken(change: (host: Host) => Host): Promise<string[]> {
  const found: string[] = []
  for (const { name, run } of hostContract((): HostSubject => twoSimulatedHosts(change))) {
    try {
      await run()
    } catch {
      found.push(name)
    }
  }
  return found
}

const withListeners =
  (change: (handlers: ListenHandlers) => Partial<ListenHandlers>) =>
  (host: Host): Host => ({
    ...host,
    network: {
      dial: (address, handlers, options) => host.network.dial(address, handlers, options),
      listen: (address, handlers, options) =>
        host.network.listen(address, { ...plainListener(handlers), ...change(handlers) }, options),
    },
  })

const withLinks =
  (change: (handlers: LinkHandlers) => LinkHandlers) =>
  (host: Host): Host => {
    const { network } = withListeners((handlers) => ({ accept: (link) => change(handlers.accept(link)) }))(
      host,
    )
    return {
      ...host,
      network: {
        listen: (address, handlers, options) => network.listen(address, handlers, options),
        dial: (address, handlers, options) => host.network.dial(address, change(handlers), options),
      },
    }
  }

/** Handlers are objects of classes: spread would lose their methods. */
const plainListener = (handlers: ListenHandlers): ListenHandlers => ({
  listening: (at) => handlers.listening(at),
  accept: (link) => handlers.accept(link),
  ...(handlers.client !== undefined && {
    client: (link, caller) => handlers.client?.(link, caller) ?? handlers.accept(link),
  }),
  failed: (failure) => handlers.failed(failure),
})
const plain = (handlers: LinkHandlers): LinkHandlers => ({
  opened: () => handlers.opened(),
  frame: (bytes) => handlers.frame(bytes),
  closed: (end) => handlers.closed(end),
})

const withFiles =
  (change: (file: DiskFile) => Partial<DiskFile>) =>
  (host: Host): Host => {
    const disk: Disk = {
      openFolder: (path) => {
        const folder = host.disk.openFolder(path)
        const open = (name: string, mode: 'existing' | 'create'): DiskFile => {
          const file = folder.open(name, mode)
          return overlay(file, change(file))
        }
        return overlay(folder, { open })
      },
    }
    return { ...host, disk }
  }

function overlay<T extends object>(one: T, changes: Partial<T>): T {
  return new Proxy(one, {
    get: (target, key) => {
      const value: unknown = Reflect.get(key in changes ? changes : target, key)
      return typeof value === 'function' && !(key in changes) ? value.bind(target) : value
    },
  })
}

/** Hands frames up in pairs, the later one first. */
function reordering(handlers: LinkHandlers): LinkHandlers {
  let held: Uint8Array | undefined
  return {
    ...plain(handlers),
    frame: (bytes) => {
      if (held === undefined) held = bytes
      else {
        handlers.frame(bytes)
        handlers.frame(held)
        held = undefined
      }
    },
  }
}

/** Calls back as soon as a sync is asked for a second time, the newest first. */
function hastySyncs(file: DiskFile): Partial<DiskFile> {
  const waiting: SyncDone[] = []
  return {
    sync: (done) => {
      waiting.push(done)
      file.sync((error) => waiting.pop()?.(error))
    },
  }
}

/** Runs the next turn although the promise of the last one is pending. */
const impatient = (engine: Engine): Engine => ({
  cell: (name, turn) => engine.cell(name, () => void turn()),
})

const eager = (engine: Engine): Engine => ({
  cell: (name, turn) => ({ wake: () => void turn(), stop: () => engine.cell(name, turn).stop() }),
})

const mistakes: readonly (readonly [
  mistake: string,
  host: (host: Host) => Host,
  caught: readonly RegExp[],
])[] = [
  ['hands frames up out of order', withLinks(reordering), [/frames arrive in the order of sending/]],
  [
    'loses empty frames',
    withLinks((handlers) => ({
      ...plain(handlers),
      frame: (bytes) => bytes.length > 0 && handlers.frame(bytes),
    })),
    [/frames arrive whole/],
  ],
  [
    'calls closed twice',
    withLinks((handlers) => ({
      ...plain(handlers),
      closed: (end) => {
        handlers.closed(end)
        handlers.closed(end)
      },
    })),
    [/closed comes once/, /a dial is refused/],
  ],
  [
    'says opened to who accepted',
    withListeners((handlers) => ({
      accept: (link) => {
        const own = handlers.accept(link)
        own.opened()
        return own
      },
    })),
    [/accepted links are open already/],
  ],
  [
    'calls back from a sync before an earlier one has ended',
    withFiles(hastySyncs),
    [/in the order of the calls/],
  ],
  [
    'forgets a sync when the file is closed',
    withFiles((file) => {
      let closed = false
      return {
        sync: (done) => file.sync((error) => !closed && done(error)),
        close: () => {
          closed = true
          file.close()
        },
      }
    }),
    [/syncs that wait still call back/],
  ],
  [
    'says that it synced and did not',
    withFiles(() => ({ sync: (done) => done() })),
    [/survives a power cut/, /a sync that fails says so/],
  ],
  [
    'says of every sync that it failed',
    withFiles((file) => ({
      sync: (done) => file.sync(() => done(new DiskError('failed', 'The disk does not like it.'))),
    })),
    [/a callback may write and sync again/, /survives a power cut/],
  ],
  [
    'fails to listen without a sentence',
    withListeners((handlers) => ({ failed: ({ code }) => handlers.failed({ code, text: '' }) })),
    [/network: a port in use/],
  ],
  [
    'fails to bind without a sentence',
    (host) => ({
      ...host,
      datagrams: {
        bind: (address, handlers) =>
          host.datagrams.bind(address, {
            listening: (at) => handlers.listening(at),
            message: (bytes, from) => handlers.message(bytes, from),
            failed: ({ code }) => handlers.failed({ code, text: '' }),
          }),
      },
    }),
    [/datagrams: a port in use/],
  ],
  [
    'keeps the bytes of its caller',
    withFiles((file) => {
      let last: { offset: number; bytes: Uint8Array } | undefined
      return {
        write: (offset, bytes) => {
          file.write(offset, bytes)
          last ??= { offset, bytes }
        },
        read: (offset, length) => {
          if (last !== undefined) file.write(last.offset, last.bytes)
          return file.read(offset, length)
        },
      }
    }),
    [/is a copy/],
  ],
  [
    'fires timers early',
    (host) => ({ ...host, timers: { set: (ms, fire) => host.timers.set(ms * 0.9, fire) } }),
    [/never fires before its time/],
  ],
  [
    'fires timers inside set',
    (host) => ({
      ...host,
      timers: {
        set: (ms, fire) => {
          if (ms > 0) return host.timers.set(ms, fire)
          fire()
          return { cancel: () => {} }
        },
      },
    }),
    [/nor inside set/, /also for now/],
  ],
  [
    'forgets to cancel',
    (host) => ({
      ...host,
      timers: {
        set: (ms, fire) => {
          host.timers.set(ms, fire)
          return { cancel: () => {} }
        },
      },
    }),
    [/never fires after cancel/, /due at the same time/],
  ],
  [
    'overflows at long delays',
    (host) => ({
      ...host,
      timers: { set: (ms, fire) => host.timers.set(ms > 2 ** 31 - 1 ? 1 : ms, fire) },
    }),
    [/a month is not an instant/],
  ],
  [
    'has a monotonic clock that can be set back',
    (host) => ({
      ...host,
      clock: {
        now: () => ({
          ...host.clock.now(),
          monotonicMs: host.clock.now().monotonicMs - host.random.next() * 5,
        }),
      },
    }),
    [/the monotonic clock never goes back/],
  ],
  [
    'runs two turns of one cell at once',
    (host) => ({ ...host, engine: impatient(host.engine) }),
    [/never two turns of one cell at a time/],
  ],
  ['runs turns inside wake', (host) => ({ ...host, engine: eager(host.engine) }), [/never inside wake/]],
  [
    'lets datagrams arrive in halves',
    (host) => ({
      ...host,
      datagrams: {
        bind: (address, handlers) => {
          const socket = host.datagrams.bind(address, handlers)
          const send: typeof socket.send = (bytes, to) => {
            if (bytes.length < 1_000) return socket.send(bytes, to)
            socket.send(bytes.slice(0, 600), to)
            socket.send(bytes.slice(600), to)
          }
          return { send, close: () => socket.close() }
        },
      },
    }),
    [/up to 1,200 bytes/],
  ],
  [
    'takes clients for members',
    withListeners((handlers) => ({ client: (link) => handlers.accept(link) })),
    [/a trusted client is handed up/, /a stray client is handed up/, /rejected as not-open/],
  ],
  [
    'takes strays for trusted clients',
    withListeners((handlers) => ({
      ...(handlers.client !== undefined && {
        client: (link, caller) =>
          handlers.client?.(link, { ...caller, level: 'trusted' }) ?? handlers.accept(link),
      }),
    })),
    [/a stray client is handed up/],
  ],
  [
    'gives one id twice',
    (host) => ({ ...host, random: { next: () => host.random.next(), id: () => 'a'.repeat(32) } }),
    [/never repeat/],
  ],
]

describe('the contracts reject a host that', () => {
  it.each(mistakes)('%s', async (_, host, caught) => {
    const found = (await broken(host)).join('\n')
    for (const pattern of caught) expect(found).toMatch(pattern)
  })

  it('and nothing of one that makes no mistake', async () => {
    expect(await broken((host) => withFiles(() => ({}))(withLinks(plain)(host)))).toEqual([])
  })
})
