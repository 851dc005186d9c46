import type { PeerStatus } from '../peer/index.js'

/** Words for whoever plays a role in a cluster at the moment when a fault fires. */
export const clusterRoles: readonly string[] = [
  'server',
  'successor',
  'oldest',
  'youngest',
  'a voter',
  'a learner',
  'a follower',
]

/** Names that a word stands for, as a peer with this status sees it; `a ...` gives all that could be meant. */
export function resolveTarget(target: string, status: PeerStatus): string[] {
  const { members, server, successors } = status
  // Who is not in the view of this peer yet has an id there and no name.
  const named = (id: string | undefined): string[] =>
    members.filter((member) => member.id === id).map((member) => member.name)
  switch (target) {
    case 'server':
      return named(server?.id)
    case 'successor':
      return named(successors[0]?.id)
    case 'oldest':
      return members.slice(0, 1).map((member) => member.name)
    case 'youngest':
      return members.slice(-1).map((member) => member.name)
    case 'a voter':
      return members.filter((member) => member.voter).map((member) => member.name)
    case 'a learner':
      return members.filter((member) => !member.voter).map((member) => member.name)
    case 'a follower':
      return members.filter((member) => member.voter && member.id !== server?.id).map((member) => member.name)
    default:
      return []
  }
}
