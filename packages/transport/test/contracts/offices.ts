import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Host } from '@tanist/core'
import { timersPassage } from '@tanist/core/testing'
import type { HostSubject } from '@tanist/core/testing'
import { nodeHost } from '../../src/index.js'

const quiet = { write: () => undefined }

/** Two hosts of this process on loopback, with a folder of their own. What a case opens is closed after it. */
export function twoRealHosts(): HostSubject {
  const root = mkdtempSync(join(tmpdir(), 'tanist-contract-'))
  const opened: (() => void)[] = []
  const host = (secret: string): Host =>
    tidy(nodeHost({ app: 'contract', secret, log: quiet }), (close) => opened.push(close))
  const there = host('one secret for tests')
  return {
    here: host('one secret for tests'),
    there,
    stranger: host('another secret for tests'),
    atHere: '127.0.0.1:0',
    atThere: '127.0.0.1:0',
    everybody: '127.255.255.255',
    // Reserved for documentation (RFC 5737): no machine has it.
    foreign: '192.0.2.1:0',
    path: join(root, 'not yet', 'data'),
    ...timersPassage(there.timers),
    end: () => {
      for (const close of opened.toReversed()) close()
      rmSync(root, { recursive: true, force: true })
    },
  }
}

function tidy(host: Host, opened: (close: () => void) => void): Host {
  const { network, datagrams, disk } = host
  const keep = <T>(one: T, close: (one: T) => void): T => {
    opened(() => {
      try {
        close(one)
      } catch {
        // The case closed it itself.
      }
    })
    return one
  }
  return {
    ...host,
    network: {
      dial: (address, handlers) => keep(network.dial(address, handlers), (link) => link.close()),
      listen: (address, handlers) => {
        const accept: typeof handlers.accept = (link) => handlers.accept(keep(link, () => link.close()))
        const all = {
          accept,
          listening: (at: string) => handlers.listening(at),
          failed: handlers.failed.bind(handlers),
        }
        return keep(network.listen(address, all), (listener) => listener.close())
      },
    },
    datagrams: {
      bind: (address, handlers, options) =>
        keep(datagrams.bind(address, handlers, options), (socket) => socket.close()),
      interfaces: () => datagrams.interfaces?.() ?? [],
    },
    disk: { openFolder: (path) => keep(disk.openFolder(path), (folder) => folder.close()) },
  }
}
