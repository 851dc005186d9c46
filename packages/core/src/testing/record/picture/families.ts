/** Sorts of messages that belong together: they share a colour and a switch. */
export interface Family {
  readonly name: string
  readonly words: readonly string[]
  /** Hidden at first: they come all the time and say only that somebody lives. */
  readonly quiet?: boolean
}

/** By the first word of a message. The last family takes what no other knows. */
export const families: readonly Family[] = [
  { name: 'Journal', words: ['append', 'appended', 'snapshot', 'install', 'installed', 'ack'] },
  { name: 'Elections', words: ['vote', 'voted', 'pre-vote', 'pre-voted', 'stand', 'elect', 'elected'] },
  {
    name: 'Calls',
    words: [
      'call',
      'result',
      'failed',
      'expired',
      'retry',
      'read',
      'readable',
      'unreadable',
      'request',
      'reply',
    ],
  },
  { name: 'Members', words: ['hello', 'bye', 'admit', 'leave', 'left', 'join', 'gossip'] },
  {
    name: 'Connections',
    words: ['syn', 'syn-ack', 'proof', 'welcome', 'refused', 'rejected', 'reset', 'fin'],
  },
  { name: 'Beats', words: ['beat', 'echo', 'alive', 'heartbeat', 'ping', 'pong'], quiet: true },
  { name: 'Others', words: [] },
]

export function familyOf(sort: string): number {
  const at = families.findIndex((family) => family.words.includes(sort))
  return at < 0 ? families.length - 1 : at
}
