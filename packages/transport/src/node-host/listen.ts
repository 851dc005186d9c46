import type { RequestListener } from 'node:http'
import type { Address, Level, Listener, ListenHandlers, ListenOptions } from '@tanist/core'
import { openPort, serveHttp } from '../gateway/index.js'
import type { Gateway, HttpRefusal, UpgradeListener } from '../gateway/index.js'
import { certificateDoor, isLoopback, keyDoor, siteDoor } from '../trust/index.js'
import type { Door, Trust, WarnRejected } from '../trust/index.js'
import { formatAddress, parseAddress, plainHost } from './address.js'
import { entrance } from './entrance.js'
import type { LinkBook } from './link-book.js'
import { badAddress, bindFailure, lostFailure, noSecret } from './listen-failure.js'
import { doorway, remoteOf } from './porch.js'
import { clientPath, explainPath, linkPath } from './wire.js'

export interface ListenContext {
  readonly trust: Trust
  readonly links: LinkBook
  readonly warn: WarnRejected
  readonly http: RequestListener | undefined
  readonly gateway: Gateway | undefined
  readonly upgrade: UpgradeListener | undefined
}

const levels: readonly Level[] = ['member', 'trusted', 'stray']

/** Binds one port and hands up links whose callers proved themselves; whoever does not costs only itself. */
export function listen(
  context: ListenContext,
  address: Address,
  handlers: ListenHandlers,
  options: ListenOptions = {},
): Listener {
  const { accepts = levels, layer = 'main', certificate } = options
  const endpoint = parseAddress(address)
  if (endpoint === undefined) return failing(handlers, badAddress(address))
  const { host, port } = endpoint
  const { ring, certificates } = context.trust
  const open = ring.open && certificates === undefined
  if (open && !isLoopback(host) && accepts.some((level) => level !== 'stray')) {
    return failing(handlers, noSecret(host))
  }
  const { warn, http, gateway, upgrade } = context
  const porch = doorway(warn)
  const door = doorOf(context.trust, options)
  const hall = entrance({ ...context, door, porch, accepts, layer }, handlers)
  door.server.on('tlsClientError', (error, socket) => {
    const remote = remoteOf(socket)
    const refusal = door.whyFailed(socket, error, remote)
    if (refusal !== undefined) warn(plainHost(socket.remoteAddress ?? ''), refusal.code, refusal.text)
    socket.destroy()
  })
  const routes = {
    linkPaths: [linkPath, clientPath, explainPath],
    link: hall.admit,
    http: serveHttp({ gateway, http, layer, secure: certificate !== undefined }),
    upgrade,
    tls: door.server,
    secure: certificate !== undefined,
    porch,
    refused: (why: HttpRefusal) => gateway?.refused?.(why),
  }
  const close = (): void => {
    porch.close()
    hall.close()
  }
  const opened = openPort(host, port, routes, {
    listening: (at, real) => handlers.listening(formatAddress(at, real)),
    failed: (error) => handlers.failed(bindFailure(host, port, error)),
    lost: (error) => {
      close()
      handlers.failed(lostFailure(host, port, error))
    },
  })
  return {
    close() {
      opened.close()
      close()
    },
  }
}

function doorOf(trust: Trust, { certificate }: ListenOptions): Door {
  if (certificate !== undefined) return siteDoor(certificate)
  return trust.certificates === undefined ? keyDoor(trust) : certificateDoor(trust, trust.certificates)
}

function failing(handlers: ListenHandlers, failure: Parameters<ListenHandlers['failed']>[0]): Listener {
  setImmediate(() => handlers.failed(failure))
  return { close: () => undefined }
}
