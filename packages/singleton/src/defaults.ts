/** What `join` and `connect` take where nothing is given. */
export interface Defaults {
  readonly listen: string
  readonly discovers: boolean
}

/**
 * With a secret, or certificates, a peer listens on all networks and looks around on them; without one it stays on
 * loopback, and so it does in another world than this machine's. `TANIST_LISTEN` and `TANIST_DISCOVERY=off` are for tests
 * and for whoever cannot change a program: they take the place of these defaults, never of what is given.
 */
export function defaultsOf(
  env: Readonly<Record<string, string | undefined>>,
  { guarded, ownHost }: { readonly guarded: boolean; readonly ownHost: boolean },
): Defaults {
  if (ownHost) return { listen: '127.0.0.1:0', discovers: false }
  const listen = env['TANIST_LISTEN'] || (guarded ? '0.0.0.0:0' : '127.0.0.1:0')
  return { listen, discovers: guarded && env['TANIST_DISCOVERY'] !== 'off' }
}
