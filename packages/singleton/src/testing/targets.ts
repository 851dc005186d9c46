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
  switch (target) {
    case 'server':
      return server ? [server.name] : []
    case 'successor':
      return successors.slice(0, 1).map((member) => member.name)
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
