import { decodeWire } from '../peer/index.js'
import type { WireMessage } from '../peer/index.js'

type Of<C extends WireMessage['channel']> = Extract<WireMessage, { channel: C }>

/** What matters most comes first: the first word of a frame names its sort. */
const weights = [
  'vote',
  'voted',
  'stand',
  'admit',
  'leave',
  'left',
  'bye',
  'hello',
  'call',
  'result',
  'append',
]
const least = ['appended', 'echo', 'beat', 'alive']

/**
 * One of our frames in a few words, for pictures: `beat t3`, `append 12-14 t3`, `appended 14`, `vote t4`,
 * `call c1:7`, `result c1:7`. Several messages of a frame are joined by ` + `, the weightiest first.
 *
 * @throws CodecError or TypeError when the bytes are no frame of ours
 */
export function labelOf(bytes: Uint8Array): string {
  return join(decodeWire(bytes).map(wordsOf))
}

/**
 * As `labelOf`, for a whole run: an answer that confirms nothing new is an `echo` of a beat, and hidden with the
 * beats. Make one for each world: `new World({ label: labels(), ... })`.
 */
export function labels(): (bytes: Uint8Array, from: string, to: string) => string {
  const confirmed = new Map<string, number>()
  return (bytes, from, to) =>
    join(
      decodeWire(bytes).map((message) => {
        const words = wordsOf(message)
        if (message.channel !== 's' || message.body.t !== 'appended' || message.body.hint) return words
        const { term, match } = message.body
        const key = `${from} ${to} ${term}`
        if (match <= (confirmed.get(key) ?? -1)) return `echo t${term}`
        confirmed.set(key, match)
        return words
      }),
    )
}

function weight(text: string): number {
  const [sort = ''] = text.split(' ')
  if (least.includes(sort)) return 100 + least.indexOf(sort)
  return weights.includes(sort) ? weights.indexOf(sort) : 50
}

function join(words: readonly string[]): string {
  return [...new Set(words)].toSorted((a, b) => weight(a) - weight(b)).join(' + ')
}

function wordsOf(message: WireMessage): string {
  switch (message.channel) {
    case 'm':
      return membership(message)
    case 'v':
      return message.body.t
    case 's':
      return succession(message)
    case 'r':
      return role(message)
    case 'o':
      return message.body.t === 'here' ? 'singletons are here' : `singletons ${message.body.t}`
    case 'a':
      return actors(message)
  }
}

function actors({ body }: Of<'a'>): string {
  if (body.t === 'open') return `actors, from ${body.received + 1} on`
  return body.count === 0 ? `actors ack ${body.ack}` : `actors ${body.seq}..${body.seq + body.count - 1}`
}

function membership({ body }: Of<'m'>): string {
  switch (body.t) {
    case 'hello':
      return `hello ${body.hello.name}${body.hello.clusterId === null ? ', no cluster yet' : ''}`
    case 'beat':
      return `alive, hears ${body.hears.length}`
    case 'bye':
      return body.leaving ? 'bye for good' : 'bye'
    case 'news':
      return `news of ${body.records.length}`
    case 'accuse':
      return `accuses ${body.accusations.length}`
    case 'view':
      return `view of ${body.members.length}`
    case 'hubs':
      return `hubs t${body.term}`
    case 'buckets':
    case 'marks':
    case 'reach':
    case 'reached':
      return body.t
  }
}

function succession({ body, entries }: Of<'s'>): string {
  const term = `t${body.term}`
  switch (body.t) {
    case 'append': {
      const [first, last] = [entries[0]?.index, entries.at(-1)?.index]
      if (first === undefined) return `beat ${term}`
      return `append ${first === last ? first : `${first}-${last}`} ${term}`
    }
    case 'appended':
      return body.hint ? `appended not, try ${body.hint.index} ${term}` : `appended ${body.match} ${term}`
    case 'vote':
      return `vote ${body.pre ? 'before ' : ''}${term}${body.transfer ? ', asked to stand' : ''}`
    case 'voted':
      return `voted ${body.granted ? 'yes' : 'no'}${body.pre ? ' before' : ''} t${body.asked}`
    case 'snapshot':
      return `snapshot ${body.of.index} from byte ${body.offset} ${term}`
    case 'received':
      return `snapshot ${body.of.index} ${body.match >= 0 ? 'is in force' : `up to byte ${body.offset}`} ${term}`
    case 'fetch':
      return `fetch a snapshot from ${body.from} ${term}`
    case 'stand':
      return `stand now${body.vote ? ' with my vote' : ''} ${term}`
    case 'prepare':
      return `${body.to.slice(0, 8)} is next ${term}`
    case 'admit':
      return `admit ${body.member.name}`
    case 'leave':
    case 'left':
    case 'evicted':
    case 'canvass':
    case 'canvassed':
    case 'prepared':
      return `${body.t} ${term}`
    case 'operate':
      return `${body.operation.op} ${body.operation.memberId.slice(0, 8)} ${term}`
    case 'operated':
      return `operation ${body.status} ${term}`
    case 'branch':
    case 'concede':
    case 'conceded':
      return `${body.t} ${(body.claim.chain.at(-1)?.id ?? '').slice(0, 8)}`
    case 'fork':
      return `fork at ${body.lastIndex}`
    case 'dissolve':
      return `dissolve and join ${body.towards}`
    case 'forked':
      return `fork ${body.refused ?? 'yes'}`
    case 'grant':
      return `${body.notice ? 'committed' : 'grant'} set ${body.set.join('.')}`
    case 'granted':
      return `granted set ${body.set.join('.')} to ${body.to?.slice(0, 8) ?? 'nobody'}`
  }
}

function role({ body }: Of<'r'>): string {
  switch (body.t) {
    case 'call':
      return `call ${body.session}:${body.seq} ${body.role}.${body.command}`
    case 'result':
      return `result ${body.session}:${body.seq} ${body.outcome.status} at ${body.index} t${body.term}`
    case 'failed':
      return `failed ${body.session}:${body.seq}`
    case 'expired':
      return `expired ${body.session}:${body.seq}`
    case 'retry':
      return `retry ${body.session}:${body.seq}, ${body.reason}`
    case 'next':
      return `next ${body.memberId.slice(0, 8)} in t${body.term}`
    case 'read':
      return `read ${body.id}`
    case 'readable':
      return `readable ${body.id} at ${body.index}`
    case 'unreadable':
      return `unreadable ${body.id}, ${body.why}`
    case 'reaction':
      return `${body.end} reaction ${body.key} of ${body.role}`
    case 'reacted':
      return `reacted ${body.id} ${body.ok ? 'yes' : 'no'}, ${body.text}`
    case 'reads':
      return `reads ${Object.keys(body.roles).join(' ')}`
    case 'forget':
      return `forget ${body.role}`
    case 'forgot':
      return `forgot: ${body.status}`
    case 'deciding':
      return `deciding ${body.session}:${body.seq} ${body.role}.${body.command}, note ${body.n} t${body.term}`
    case 'decided':
      return `decided, note ${body.n} t${body.term}`
    case 'stood':
      return `note ${body.n} t${body.term} ${body.stands ? 'stands' : 'was cleared'}`
  }
}
