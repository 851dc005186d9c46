import type { Hello, Log, MemberId, ViewMember } from '@tanist/core'
import type { Links } from './links.js'
import { DETOUR_FRAME_BYTES, decodeWire, encodeWire } from './wire.js'
import type { DetourMessage, WireMessage } from './wire.js'

/** What was handed on and waits for one link; more is dropped, as on a link that broke. */
const WAITING_BYTES = 4 * 1024 * 1024

export interface Speaker {
  readonly memberId: MemberId
  readonly incarnation: number
}

export interface DetourPorts {
  readonly log: Log
  readonly links: Links
  self(): Hello
  row(id: MemberId): ViewMember | undefined
  /** This peer has a link to it on which it is heard. */
  hears(id: MemberId): boolean
  up(hello: Hello, relinked: boolean): void
  down(id: MemberId): void
  message(from: Speaker, message: WireMessage): void
}

/** Counts since the start of this identity. */
export interface DetourCounts {
  /** Frames and bytes that this peer handed on for others. */
  readonly frames: number
  readonly bytes: number
  /** Frames that could not be handed on. */
  readonly dropped: number
  /** What named a sender that it must not name. */
  readonly refused: number
}

/**
 * The way to members whose own link is bad: what is for them goes to a relay, which hands it on over its own link, once,
 * and keeps nothing. To all that speak over links a detour is one more link, which may be slow, lose its end and be
 * replaced: its beginning, its end and each other relay are told as a new link, and whoever sends then does what it
 * does after any broken one. Words that went another way may still arrive later, as they do from a link that was
 * replaced. Membership itself never goes this way, so that nothing that comes by a relay is evidence of a death.
 *
 * What succession concludes from such words is as safe as over a slow link: a lease runs from the moment its round was
 * sent, by the clock of the leader that sent it; a promise begins when the follower hears of it and is told with that
 * round; the two of a pair count from their own send times, which come back as echoes. A delay on the way makes each
 * of these shorter for those who rely on it, never longer.
 *
 * Who speaks: the relay takes from each link only what its own speaker sends; the receiver believes a relay that is
 * a member, about a member, in the incarnations that the view has. Who is not in its own view yet has none to judge by:
 * from those it is linked to it takes the words of those whose hello it has heard itself, and of those of the very
 * cluster that the relay says is its own, since a relay hands on for members alone; and it answers by the same relay,
 * until the journal has told it of itself. Else one whose link with the leader ended as it was admitted would not be
 * told, nor one that has never heard the leader of now.
 */
export class Detours {
  readonly #ports: DetourPorts
  readonly #via = new Map<MemberId, MemberId>()
  /** The last that each member said of itself, by whichever way. */
  readonly #hellos = new Map<MemberId, Hello>()
  /** Those whom the layers above take for linked, and reach by a detour. */
  readonly #up = new Set<MemberId>()
  /** Those of them who found the way themselves, while this peer was new and knew no members. */
  readonly #found = new Set<MemberId>()
  /** Those to whom a way has begun, and who have said nothing of themselves since: the greeting may be lost. */
  readonly #unanswered = new Set<MemberId>()
  readonly #outbox = new Map<MemberId, WireMessage[]>()
  #frames = 0
  #bytes = 0
  #dropped = 0
  #refused = 0

  constructor(ports: DetourPorts) {
    this.#ports = ports
  }

  get counts(): DetourCounts {
    return { frames: this.#frames, bytes: this.#bytes, dropped: this.#dropped, refused: this.#refused }
  }

  /** True when it goes another way than by its own link. */
  carries(id: MemberId): boolean {
    return this.#up.has(id)
  }

  /** An own link to it is there. False when it is another start of it, which no detour has led to. */
  linkUp(hello: Hello): boolean {
    const known = this.#hellos.get(hello.memberId)
    this.#hellos.set(hello.memberId, hello)
    const same = known?.incarnation === hello.incarnation && !this.#found.has(hello.memberId)
    if (!same) this.#forget(hello.memberId)
    return same
  }

  /** The machine goes to this member by another one from now on. */
  begin(id: MemberId, via: MemberId): void {
    this.#found.delete(id)
    this.#via.set(id, via)
    this.#rise(id)
    this.#unanswered.add(id)
    this.#greet(id, true)
  }

  /** From time to time. */
  greetAgain(): void {
    for (const id of this.#unanswered) this.#greet(id, true)
  }

  /** The machine goes by the own link again, or not at all. */
  end(id: MemberId): void {
    const was = this.#up.has(id)
    this.#forget(id)
    if (!was) return
    const hello = this.#hellos.get(id)
    if (hello && this.#ports.links.isUsable(id)) this.#ports.up(hello, true)
    else this.#ports.down(id)
  }

  /** The own hello changed: over links membership tells it. */
  selfChanged(): void {
    for (const id of this.#via.keys()) this.#greet(id, false)
  }

  /** Only members are reached by others. */
  keep(isMember: (id: MemberId) => boolean): void {
    if (this.#isNew()) return
    // From now on the machine finds the ways.
    for (const id of this.#found) this.end(id)
    for (const id of this.#hellos.keys()) {
      if (!isMember(id) && !this.#ports.links.isUsable(id)) this.#hellos.delete(id)
    }
  }

  send(to: MemberId, message: WireMessage): void {
    const waiting = this.#outbox.get(to)
    if (waiting) waiting.push(message)
    else this.#outbox.set(to, [message])
  }

  flush(): void {
    for (const [to, messages] of this.#outbox) {
      const via = this.#via.get(to)
      const head = this.#head(to)
      if (via === undefined || head === null) continue
      const refused = (text: string): void => this.#ports.log.write('error', 'message-not-sent', text)
      for (const data of encodeWire(messages, refused, DETOUR_FRAME_BYTES))
        this.#ports.links.sendTo(via, { channel: 'v', body: { t: 'via', ...head }, data })
    }
    this.#outbox.clear()
  }

  /** `speaker` is whose link it came by. */
  received(speaker: Speaker, message: DetourMessage): void {
    const { body } = message
    const self = this.#ports.self()
    const known = this.#isMember(speaker) || this.#isNew()
    if (self.witness || !known) return void (this.#refused += 1)
    const author = { memberId: body.from, incarnation: body.incarnation }
    if (body.to !== self.memberId) return this.#handOn(speaker, author, message)
    if (body.start !== self.incarnation) return
    const believed = this.#isMember(author) || this.#isNew()
    if (author.memberId === self.memberId || !believed) return void (this.#refused += 1)
    if (body.t === 'greet') this.#greeted(speaker, author, body)
    else this.#opened(speaker, author, message.data)
  }

  #handOn(speaker: Speaker, author: Speaker, message: DetourMessage): void {
    const { body, data } = message
    // One hop: what others hand on is not handed on again.
    if (author.memberId !== speaker.memberId || author.incarnation !== speaker.incarnation)
      return void (this.#refused += 1)
    const there = this.#ports.row(body.to) !== undefined && this.#ports.hears(body.to)
    const foreign = this.#isForeign(body.to) || this.#isForeign(author.memberId)
    const sent = there && !foreign && this.#ports.links.handOn(body.to, message, WAITING_BYTES)
    if (!sent) return void (this.#dropped += 1)
    this.#frames += 1
    this.#bytes += data?.length ?? 0
  }

  #opened(speaker: Speaker, author: Speaker, data: Uint8Array | undefined): void {
    const known = this.#hellos.get(author.memberId)?.incarnation === author.incarnation
    if (!known || data === undefined) return
    this.#find(author.memberId, speaker.memberId)
    // Until this side has found out that the link is bad it is as if the message had been lost with it.
    if (!this.#up.has(author.memberId) && !this.#ports.links.isUsable(author.memberId)) return
    let messages: WireMessage[]
    try {
      messages = decodeWire(data)
    } catch (error) {
      return this.#ports.log.write('error', 'message-refused', `By a relay: ${String(error)}`)
    }
    for (const message of messages) {
      if (message.channel !== 'm' && message.channel !== 'v') this.#ports.message(author, message)
    }
  }

  #greeted(speaker: Speaker, author: Speaker, body: Extract<DetourMessage['body'], { t: 'greet' }>): void {
    const { hello, ask } = body
    const self = this.#ports.self()
    const honest = hello.memberId === author.memberId && hello.incarnation === author.incarnation
    const before = this.#hellos.get(author.memberId)
    const cluster = self.clusterId ?? this.#clusterOf(author) ?? this.#clusterOf(speaker)
    // A member that has not been told so says that it has no cluster yet.
    const same = cluster !== null && (hello.clusterId ?? cluster) === cluster
    const fits = hello.protocol === self.protocol && same && !hello.witness
    if (!honest || !fits) return void (this.#refused += 1)
    const linked = this.#ports.links.isUsable(author.memberId)
    const told = this.#up.has(author.memberId) || linked
    this.#hellos.set(author.memberId, hello)
    this.#unanswered.delete(author.memberId)
    this.#find(author.memberId, speaker.memberId)
    if (ask) this.#say(speaker.memberId, author.memberId, false)
    if (told && JSON.stringify(before) !== JSON.stringify(hello)) this.#ports.up(hello, false)
    else if (!linked && !this.#up.has(author.memberId)) this.#rise(author.memberId)
  }

  /** A new peer answers by the way that the words came: now, or when its own link has ended. */
  #find(id: MemberId, via: MemberId): void {
    if (!this.#isNew() || this.#ports.links.isUsable(id)) return
    this.#found.add(id)
    this.#via.set(id, via)
    if (!this.#up.has(id)) this.#rise(id)
  }

  /** As it said itself, the last time. */
  #clusterOf({ memberId, incarnation }: Speaker): string | null {
    const hello = this.#hellos.get(memberId)
    return hello?.incarnation === incarnation ? hello.clusterId : null
  }

  #rise(id: MemberId): void {
    const hello = this.#hellos.get(id)
    if (!this.#via.has(id) || hello === undefined || hello.incarnation !== this.#startOf(id)) return
    this.#up.add(id)
    this.#ports.up(hello, true)
  }

  #greet(to: MemberId, ask: boolean): void {
    const via = this.#via.get(to)
    if (via !== undefined) this.#say(via, to, ask)
  }

  #say(via: MemberId, to: MemberId, ask: boolean): void {
    const head = this.#head(to)
    if (head === null) return
    const body = { t: 'greet' as const, ...head, hello: this.#ports.self(), ask }
    this.#ports.links.sendTo(via, { channel: 'v', body })
  }

  #head(to: MemberId): Pick<DetourMessage['body'], 'from' | 'incarnation' | 'to' | 'start'> | null {
    const { memberId: from, incarnation } = this.#ports.self()
    const start = this.#startOf(to)
    return start === undefined ? null : { from, incarnation, to, start }
  }

  /** By the view; of one who found the way to a new peer, by its hello. */
  #startOf(id: MemberId): number | undefined {
    const hello = this.#found.has(id) ? this.#hellos.get(id) : undefined
    return (hello ?? this.#ports.row(id))?.incarnation
  }

  #forget(id: MemberId): void {
    this.#found.delete(id)
    this.#unanswered.delete(id)
    this.#via.delete(id)
    this.#up.delete(id)
    this.#outbox.delete(id)
  }

  #isMember({ memberId, incarnation }: Speaker): boolean {
    return this.#ports.row(memberId)?.incarnation === incarnation
  }

  /** Not in its own view: the journal that names the others may come by a relay, too. */
  #isNew(): boolean {
    return !this.#isMember(this.#ports.self())
  }

  /** On another branch of the journal: its messages are not this side's to carry. */
  #isForeign(id: MemberId): boolean {
    const hello = this.#hellos.get(id)
    const own = this.#ports.self().branch ?? null
    return hello?.witness === true || (own !== null && (hello?.branch ?? own) !== own)
  }
}
