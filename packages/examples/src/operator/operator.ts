import { distinctUntilChanged, map } from 'rxjs'
import type { Client, FollowedEvent } from '@tanist/singleton'
import { board } from '../office/index.js'
import type { Board, BoardEvents } from '../office/index.js'

/** Tells who serves, to whom this program is linked, and what happens on the board, until it is told to stop. */
export function watchOffice(client: Client, write: (text: string) => void): () => void {
  let last: string | null = null
  // While there is no link, that is also why no server is known.
  const say = (text: string | null): void => {
    if (text !== null && text !== last) write(text)
    last = text
  }
  const links = client.status$.pipe(
    map(({ state, member, waitingFor }) =>
      member ? `Linked to ${member.name}.` : state === 'closed' ? null : waitingFor,
    ),
    distinctUntilChanged(),
  )
  const servers = client.server$.pipe(
    map(({ server, successor, term, waitingFor }) =>
      server
        ? `${server.name} serves in term ${term}; next is ${successor?.name ?? 'nobody'}.`
        : (waitingFor ?? 'Nobody serves.'),
    ),
    distinctUntilChanged(),
  )
  const subscriptions = [
    links.subscribe(say),
    servers.subscribe(say),
    client
      .role(board)
      .events$()
      .subscribe((item) => write(item.kind === 'state' ? notesOf(item.state) : eventText(item))),
  ]
  return () => {
    for (const subscription of subscriptions) subscription.unsubscribe()
  }
}

/** Pins a note to the board; the sentence says how that ended. Whoever serves, and whatever happens to it meanwhile. */
export async function pinNote(client: Client, text: string): Promise<string> {
  const out = await client.role(board).add({ text })
  switch (out.status) {
    case 'ok':
      return `Acknowledged at ${out.term}/${out.index}: ${text}`
    case 'refused':
      return out.refusal.text
    case 'unavailable':
      return `${out.reason} Executed: ${out.executed}; ask again as ${out.id}.`
  }
}

function notesOf({ notes }: Board): string {
  return `${notes.length} notes${notes.map(({ text, done }) => `\n    ${done ? 'x' : '-'} ${text}`).join('')}`
}

function eventText(event: FollowedEvent<BoardEvents>): string {
  switch (event.type) {
    case 'added':
      return `New: ${event.payload.text}`
    case 'ticked':
      return `${event.payload.done ? 'Done' : 'To do again'}: note ${event.payload.note.slice(0, 8)}`
    case 'removed':
      return `Removed: note ${event.payload.note.slice(0, 8)}`
  }
}
