import type { Host } from '@tanist/core'
import type { Manifest } from './manifest.js'
import type { AnyRole, Role } from '../role/index.js'
import type { RoleHandle } from '../role-handle.js'
import { ClientCore } from './core.js'
import { ConnectError } from './errors.js'
import { clientHandle, clientRead } from './handle.js'
import { READ_MS } from './limits.js'
import type { CheckedClient } from './settings.js'
import { serverViewOf, told } from './told.js'
import type { Client } from './types.js'

/** A client on this host, which has begun to look for its first member; `core` is for who finds members, and for tests. */
export function openClient(
  host: Host,
  settings: CheckedClient,
): { readonly client: Client; readonly core: ClientCore } {
  const core = new ClientCore(host, settings)
  const connected = firstLink(core)
  const handles = new WeakMap<AnyRole, object>()
  const client: Client = {
    id: core.id,
    connected,
    status$: told(core, () => core.status()),
    status: () => core.status(),
    server$: told(core, () => serverViewOf(core)),
    role: <S, E, C>(role: Role<S, E, C>) => {
      const any = role as unknown as AnyRole
      const made = handles.get(any) ?? clientHandle(core, role)
      handles.set(any, made)
      return made as RoleHandle<S, C, E>
    },
    read: (role, options) => clientRead(core, role, options),
    manifest: () => manifestOf(core),
    close: () => {
      core.close()
      return Promise.resolve()
    },
  }
  core.begin()
  return { client, core }
}

function firstLink(core: ClientCore): Promise<void> {
  const connected = new Promise<void>((resolve, reject) => {
    core.observe((event) => {
      if (event.kind === 'connected') resolve()
      else if (event.kind === 'closed')
        reject(event.error ?? new ConnectError('closed', 'This client was closed before it had a link.'))
    })
  })
  // Whoever does not await it hears of a failure by `status$`.
  connected.catch(() => {})
  return connected
}

function manifestOf(core: ClientCore): Promise<Manifest> {
  return new Promise((resolve, reject) => {
    core.asked.ask({ t: 'manifest' }, READ_MS, (answer) => {
      // Members of this application made it.
      if (answer.t === 'manifest') resolve(answer.manifest as Manifest)
      else reject(new ConnectError('unavailable', answer.t === 'not' ? answer.text : 'No manifest came.'))
    })
  })
}
