import type { Lives, OperateOutcome, ReactionView } from './peer/index.js'

/** A role, or the name of one: also of one that this build does not have any more. */
export type RoleOrName = string | { readonly name: string }

/** What operators do about reactions. */
export interface OperateReactions {
  /**
   * The reactions of a role that have not ended, in the order of their events, as this member's replica has them. Those
   * with a text in `parked` have failed too often and wait for one of the two others.
   *
   * @example
   * for (const { key, event, parked } of peer.operate.reactions(orders)) {
   *   if (parked !== null) console.log(`${event} ${key}: ${parked}`)
   * }
   */
  reactions(role: RoleOrName): readonly ReactionView[]
  /**
   * Lets a parked reaction run again, or all of the role: in its place before what is newer in its lane, with all its
   * attempts. Asked at any member, done by the server, journalled.
   */
  retryReaction(role: RoleOrName, key: string): Promise<OperateOutcome>
  /** Forgets a parked reaction (or `all`): it never runs again. */
  dropReaction(role: RoleOrName, key: string): Promise<OperateOutcome>
}

const KEY = /^(all|\d+\.\d+)$/

export function operateReactions(lives: Lives): OperateReactions {
  const wish = (role: RoleOrName, key: string, end: 'retry' | 'dropped'): Promise<OperateOutcome> => {
    if (!KEY.test(key))
      throw new TypeError(`${JSON.stringify(key)} is no key of a reaction: 'INDEX.N' as listed, or 'all'.`)
    return new Promise((resolve) => lives.settleReactions(nameOf(role), key, end, resolve))
  }
  return {
    reactions: (role) => lives.core.sideEffects.reactions(nameOf(role)),
    retryReaction: (role, key) => wish(role, key, 'retry'),
    dropReaction: (role, key) => wish(role, key, 'dropped'),
  }
}

const nameOf = (role: RoleOrName): string => (typeof role === 'string' ? role : role.name)
