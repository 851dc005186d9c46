/// <reference lib="dom" />
import type { Act, ChairState } from '../../messages.js'
import type { Office } from './connection.js'

/** Everything that is known of one peer, from the cluster and from the launcher. */
export interface Person {
  readonly name: string
  readonly address: string
  /** Null: no member now. */
  readonly member: Office['members'][number] | null
  readonly state: ChairState
  readonly may: readonly Act[]
  readonly server: boolean
  readonly next: boolean
  /** The page talks to this one now. */
  readonly here: boolean
}

/** Members by seniority, the oldest first; then those who are none. */
export function peopleOf({ self, server, successor, members, chairs }: Office): Person[] {
  const names = new Set([...members, ...chairs].map(({ name }) => name))
  return [...names].map((name) => {
    const member = members.find((one) => one.name === name) ?? null
    const chair = chairs.find((one) => one.name === name) ?? null
    return {
      name,
      address: (member ?? chair)?.address ?? '',
      member,
      state: chair?.state ?? 'running',
      may: chair?.may ?? [],
      server: name === server,
      next: name === successor && name !== server,
      here: name === self,
    }
  })
}

/** What it says of itself. */
export function sayingOf({ member }: Person): string {
  const load = member?.load == null ? [] : [`${Math.round(member.load * 100)} % busy`]
  return [...(member?.version == null ? [] : [`version ${member.version}`]), ...load].join(', ')
}

/** In words, the most important first. */
export function wordsOf({ member, state, server, next, here }: Person): string[] {
  const words: string[] = []
  if (server) words.push('server')
  if (next) words.push('next')
  if (state !== 'running') words.push(state)
  else if (member?.reachable === false) words.push('not reachable')
  else if (member?.suspect === true) words.push('silent')
  if (member) words.push(member.voter ? 'votes' : 'learns')
  if (here) words.push('this page')
  return words
}
