import type { OfficeEvent } from './office.js'

/** What happened, as one plain sentence. */
export function narrate(event: OfficeEvent): string {
  switch (event.kind) {
    case 'starting':
      return `${person(event.name)} starts at ${event.url}`
    case 'joined':
      return `${person(event.name)} has joined: ${event.url}`
    case 'serving': {
      const { name, term, successor, takeover } = event
      const how = takeover ? ` It took over from ${person(takeover.from)} in ${takeover.ms} ms.` : ''
      const next = successor === null ? '' : ` Next in line is ${person(successor)}.`
      return `${person(name)} is the server now, in term ${term}.${how}${next}`
    }
    case 'crashed':
      return `${person(event.name)}${event.served ? ', the server,' : ''} has crashed.`
    case 'leaving':
      return `${person(event.name)}${event.served ? ', the server,' : ''} is leaving.`
    case 'left':
      return `${person(event.name)} has left and given up its seat.`
    case 'failed':
      return `${person(event.name)} has failed: ${event.text}`
    case 'nobody':
      return 'Nobody is left: every peer has crashed or gone. Stop with Ctrl-C.'
  }
}

/** Names are lower case where they are folders. */
export function person(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1)
}
