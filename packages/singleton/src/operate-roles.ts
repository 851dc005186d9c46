import type { Lives, OperateOutcome } from './peer/index.js'

/** What operators do about roles. */
export interface OperateRoles {
  /**
   * Forgets a role that no build has any more: its state and what waits for a build that could take it are removed on
   * every peer, for good. Without this word a role that was taken out of the code keeps them for ever. Asked at any
   * member by the role's name, done by the server; refused while the build of any voter has the role, or a voter was not
   * heard of since the server was started. Should a later build have a role of that name again, it begins anew.
   *
   * @example
   * const peer = await join({ app: 'shop', secret, roles: [stock] })
   * const outcome = await peer.operate.forgetRole('returns')
   * if (outcome.status !== 'done') console.log(outcome.text)
   */
  forgetRole(name: string): Promise<OperateOutcome>
}

export function operateRoles(lives: Lives): OperateRoles {
  return { forgetRole: (name) => new Promise((resolve) => lives.forgetRole(name, resolve)) }
}
