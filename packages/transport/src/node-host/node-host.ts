import type { RequestListener } from 'node:http'
import { networkInterfaces } from 'node:os'
import { nactEngine } from '@tanist/core'
import type { Engine, Host, Log } from '@tanist/core'
import type { Gateway, UpgradeListener } from '../gateway/index.js'
import { appNameBytes } from '../limits.js'
import { keyRing, rejectWarnings } from '../trust/index.js'
import type { Certificates, KeyRing } from '../trust/index.js'
import { nodeClock, nodeRandom, nodeTimers } from './clock.js'
import { nodeDatagrams } from './datagrams.js'
import { dial } from './dial.js'
import { nodeDisk } from './disk/index.js'
import { reachableAddresses } from './interfaces.js'
import { linkBook } from './link-book.js'
import { listen } from './listen.js'
import { jsonLog } from './log.js'

export interface NodeHostOptions {
  /** Name of the application, 1 to 256 bytes: only peers of the same name link. */
  readonly app: string
  /**
   * Only peers with the same secret link: `newSecret()`, or a passphrase of 16 characters and more. Several while it is
   * changed: all are accepted, the first is used. The empty one keeps out nothing but accidents, and is for loopback
   * alone. Or a key ring, to change it at runtime.
   */
  readonly secret: string | readonly string[] | KeyRing
  /** Of a CA, instead of the secret for links. */
  readonly certificates?: Certificates
  /** Serves HTTP on the port of the links. Default: 404 for everything. */
  readonly http?: RequestListener
  /** Answers the paths that it owns before `http` does, on every port. */
  readonly gateway?: Gateway
  /** Serves upgrades on other paths than that of the links. Default: 404. */
  readonly upgrade?: UpgradeListener
  /** Default: JSON lines on standard error, from `info` on. */
  readonly log?: Log
  /** Runs turns. Default: `nactEngine`, with faults in the log. */
  readonly engine?: Engine
}

/**
 * The real world, on Node: the machine's clocks and timers, links over WebSocket, UDP, files. Throws a `RangeError` with
 * a sentence for a name or a secret that will not do.
 *
 * @example
 * const host = nodeHost({ app: 'shop', secret: 'correct horse battery staple' })
 * host.network.listen('127.0.0.1:7101', handlers)
 */
export function nodeHost(options: NodeHostOptions): Host {
  const { app, secret, certificates, http, gateway, upgrade } = options
  const length = Buffer.byteLength(app)
  if (length === 0 || length > appNameBytes) {
    throw new RangeError(`The application's name has ${length} bytes; give it 1 to ${appNameBytes}.`)
  }
  const log = options.log ?? jsonLog()
  const ring = typeof secret === 'object' && 'used' in secret ? secret : keyRing(app, [secret].flat())
  const trust = { app, ring, certificates }
  const links = linkBook(ring)
  const context = { trust, links, warn: rejectWarnings(nodeClock, log), http, gateway, upgrade }
  return {
    clock: nodeClock,
    timers: nodeTimers,
    random: nodeRandom,
    network: {
      listen: (address, handlers, how) => listen(context, address, handlers, how),
      dial: (address, handlers, how) => dial(context, address, handlers, how),
      interfaces: () => reachableAddresses(networkInterfaces()),
    },
    datagrams: nodeDatagrams(log),
    disk: nodeDisk(),
    engine: options.engine ?? loggedEngine(log),
    log,
  }
}

function loggedEngine(log: Log): Engine {
  return nactEngine('tanist', {
    clock: nodeClock,
    onFault: ({ cell, error }) => {
      const what = cell === null ? 'The engine of turns failed.' : `A turn of ${cell} failed.`
      log.write('error', 'turn-failed', what, { cell, error })
    },
  })
}
