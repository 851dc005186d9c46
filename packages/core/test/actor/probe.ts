import {
  type ActorFailure,
  type ActorRef,
  type ActorSystem,
  actor,
  type Behavior,
  type DeadLetter,
  reply,
} from '../../src/actor/index.js'

export const modes = ['sync', 'async', 'throw', 'reject', 'spawn', 'stop', 'stop-then-throw'] as const

export interface Job {
  readonly id: number
  readonly sender: number
  readonly mode: (typeof modes)[number]
}

type ProbeProtocol = { readonly run: (job: Job) => number }
export type Probe = ActorRef<ProbeProtocol>

type Note =
  | {
      readonly kind: 'begin' | 'end'
      readonly actor: string
      readonly job: Job
      readonly handledBefore: number
    }
  | { readonly kind: 'postStop'; readonly actor: string; readonly parent: string }

/** Actors that do what they are told and note what happens to them, and the laws that the notes must keep. */
export class Observation {
  readonly notes: Note[] = []
  readonly probes: Probe[] = []
  readonly failures: ActorFailure[] = []
  readonly letters: DeadLetter[] = []
  readonly sent: { readonly actor: number; readonly job: Job }[] = []
  /** Outcomes of asks by message id. */
  readonly asked = new Map<number, 'waiting' | 'replied' | 'rejected'>()
  readonly #system: ActorSystem

  constructor(system: ActorSystem) {
    this.#system = system
    system.failures$.subscribe((failure) => this.failures.push(failure))
    system.deadLetters$.subscribe((letter) => this.letters.push(letter))
  }

  /** Top-level actors. Names differ even between lives, so that notes can be told apart. */
  grow(): void {
    const name = `p${this.probes.length}`
    this.probes.push(this.#system.spawn(this.#behavior(name, ''), name))
  }

  tell(actorNumber: number, job: Job): void {
    this.sent.push({ actor: actorNumber, job })
    this.probes[actorNumber]?.tell.run(job)
  }

  ask(actorNumber: number, job: Job): void {
    this.sent.push({ actor: actorNumber, job })
    this.asked.set(job.id, 'waiting')
    this.probes[actorNumber]?.ask.run(job).then(
      () => this.asked.set(job.id, 'replied'),
      () => this.asked.set(job.id, 'rejected'),
    )
  }

  #behavior(name: string, parent: string): Behavior<ProbeProtocol> {
    return actor({
      state: () => ({ handled: 0 }),
      on: {
        run: (s, job: Job, ctx) => {
          this.notes.push({ kind: 'begin', actor: name, job, handledBefore: s.handled })
          const end = () => {
            this.notes.push({ kind: 'end', actor: name, job, handledBefore: s.handled })
            return reply({ handled: s.handled + 1 }, job.id)
          }
          if (job.mode === 'spawn') {
            const child = `p${this.probes.length}`
            this.probes.push(ctx.spawn(this.#behavior(child, name), child))
          }
          if (job.mode === 'stop' || job.mode === 'stop-then-throw') ctx.stop()
          if (job.mode === 'async' || job.mode === 'reject') {
            return (async () => {
              for (let n = 0; n < job.id % 7; n++) await Promise.resolve()
              const next = end()
              if (job.mode === 'reject') throw new Error('rejected')
              return next
            })()
          }
          const next = end()
          if (job.mode === 'throw' || job.mode === 'stop-then-throw') throw new Error('thrown')
          return next
        },
      },
      postStop: () => void this.notes.push({ kind: 'postStop', actor: name, parent }),
      restarts: { max: 3, windowMs: 1_000 },
      mailbox: { capacity: 5 },
    })
  }

  /** Broken laws, in words; after shutdown. */
  violations(): string[] {
    return [
      ...this.#oneAtATime(),
      ...this.#eachMessageOnce(),
      ...this.#firstInFirstOut(),
      ...this.#stopOrder(),
      ...this.#freshState(),
      ...[...this.asked].filter(([, end]) => end === 'waiting').map(([id]) => `the ask ${id} never ended`),
    ]
  }

  #oneAtATime(): string[] {
    const running = new Map<string, Job>()
    const broken: string[] = []
    for (const note of this.notes) {
      if (note.kind === 'postStop') {
        if (running.has(note.actor)) broken.push(`postStop of ${note.actor} ran beside a handler`)
      } else if (note.kind === 'end') running.delete(note.actor)
      else {
        if (running.has(note.actor)) broken.push(`two handlers of ${note.actor} at once`)
        running.set(note.actor, note.job)
      }
    }
    return broken
  }

  #eachMessageOnce(): string[] {
    const fates = new Map<number, string[]>()
    const add = (id: number, fate: string): void => void fates.set(id, [...(fates.get(id) ?? []), fate])
    for (const note of this.notes) if (note.kind === 'begin') add(note.job.id, 'handled')
    for (const letter of this.letters) {
      const sent = this.sent.find(({ job }) => job === letter.message)
      if (sent !== undefined) add(sent.job.id, `dead: ${letter.reason}`)
    }
    return this.sent
      .filter(({ job }) => fates.get(job.id)?.length !== 1)
      .map(({ job }) => `message ${job.id}: ${fates.get(job.id)?.join(', ') ?? 'lost'}`)
  }

  #firstInFirstOut(): string[] {
    const last = new Map<string, number>()
    const broken: string[] = []
    for (const note of this.notes) {
      if (note.kind !== 'begin') continue
      const pair = `${note.job.sender} to ${note.actor}`
      if ((last.get(pair) ?? -1) >= note.job.id) broken.push(`out of order from ${pair} at ${note.job.id}`)
      last.set(pair, note.job.id)
    }
    return broken
  }

  #stopOrder(): string[] {
    const stopped = new Set<string>()
    const broken: string[] = []
    for (const note of this.notes) {
      if (stopped.has(note.actor)) broken.push(`${note.kind} of ${note.actor} after its postStop`)
      if (note.kind !== 'postStop') continue
      if (stopped.has(note.parent)) broken.push(`${note.actor} stopped after its parent ${note.parent}`)
      stopped.add(note.actor)
    }
    this.probes.forEach((_, n) => {
      if (!stopped.has(`p${n}`)) broken.push(`no postStop of p${n}`)
    })
    return broken
  }

  /** The state counts the handlers since the start or the last failure. */
  #freshState(): string[] {
    const count = new Map<string, number>()
    const broken: string[] = []
    for (const note of this.notes) {
      if (note.kind === 'begin' && note.handledBefore !== (count.get(note.actor) ?? 0))
        broken.push(`message ${note.job.id} met the state of ${note.handledBefore} messages`)
      if (note.kind !== 'end') continue
      const failed = ['throw', 'reject', 'stop-then-throw'].includes(note.job.mode)
      count.set(note.actor, failed ? 0 : note.handledBefore + 1)
    }
    return broken
  }
}
