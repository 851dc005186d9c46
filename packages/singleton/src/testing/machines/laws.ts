import type { Entry } from '@tanist/core'
import type { FencingToken, SuccessionMessage } from '../../succession/index.js'
import type { MachineOp } from './clients.js'
import type { MachinePeer } from './peer.js'
import { nextState } from './snapshots.js'

/** A law that does not hold, with the two events that contradict each other in a sentence. */
export interface MachineContradiction {
  readonly law:
    | 'S1'
    | 'S2'
    | 'S3'
    | 'S4'
    | 'S5'
    | 'S6'
    | 'S8'
    | 'S9'
    | 'P2'
    | 'L1'
    | 'L2'
    | 'L6'
    | 'never'
    | 'ends'
    | 'throws'
  readonly text: string
}

/** Enough to understand what went wrong; the rest follows from the first. */
const CONTRADICTIONS_MAX = 20

/** The laws of succession, checked while machines run. */
export class MachineLaws {
  readonly contradictions: MachineContradiction[] = []
  reigns = 0
  /** Peers whose state a test has spoilt. */
  readonly rotten: Set<string> = new Set()
  /** How often anybody began to serve, also again in a term, after its lease had lapsed. */
  beginnings = 0
  readonly #nowMs: () => number
  readonly #running: () => readonly MachinePeer[]
  readonly #committed: Entry[] = []
  /** The state after each committed entry. */
  readonly #states: number[] = [0]
  /** Snapshots that were taken or restored, and those among them that came from another peer. */
  snapshots = 0
  installs = 0
  readonly #servedBy = new Map<number, string>()
  readonly #answeredBy = new Map<number, string>()
  /** Commands that were acknowledged, by position. */
  readonly #acknowledged = new Map<number, MachineOp>()
  /** The greatest term in which a machine said anything, and whom it voted for in each. */
  readonly #said = new Map<string, number>()
  readonly #votes = new Map<string, string>()
  /** The last term in which a machine spoke as a leader. */
  readonly #led = new Map<string, number>()

  constructor(nowMs: () => number, running: () => readonly MachinePeer[]) {
    this.#nowMs = nowMs
    this.#running = running
  }

  broken(law: MachineContradiction['law'], text: string): void {
    if (this.contradictions.length >= CONTRADICTIONS_MAX) return
    this.contradictions.push({ law, text: `${(this.#nowMs() / 1_000).toFixed(3)} s: ${text}` })
  }

  /** S5: what was said in a term is not forgotten by a restart, and a vote that was told is not either. */
  started({ name, state }: MachinePeer): void {
    const said = this.#said.get(name) ?? 0
    const { term, votedFor } = state.hard
    if (term < said) this.broken('S5', `${name} spoke in term ${said} and restarts in ${term}`)
    const told = this.#votes.get(`${name} ${term}`)
    if (told !== undefined && told !== votedFor)
      this.broken(
        'S5',
        `${name} voted for ${told} in term ${term} and restarts with a vote for ${votedFor ?? 'nobody'}`,
      )
  }

  /**
   * S5: terms do not go back, and a voter votes once in a term. A candidate may ask before its own vote is on disk: a
   * request promises nothing, and only who leads has given its vote to itself.
   */
  said({ name }: MachinePeer, to: string, message: SuccessionMessage): void {
    if (message.t === 'vote' && !message.pre) return
    // With the vote that a leader gives ahead it speaks in the next term.
    const ahead = message.t === 'stand' && message.vote === true
    const term = ahead ? message.term + 1 : message.term
    const said = this.#said.get(name) ?? 0
    if (term > said) this.#said.set(name, term)
    else if (term < said) this.broken('S5', `${name} spoke in term ${said} and then in ${term}`)
    if (ahead || (message.t === 'voted' && message.granted && !message.pre)) this.#voted(name, term, to)
    else if (message.t === 'append' && this.#led.get(name) !== term) {
      this.#led.set(name, term)
      this.#voted(name, term, name)
    }
  }

  #voted(voter: string, term: number, candidate: string): void {
    const key = `${voter} ${term}`
    const known = this.#votes.get(key)
    if (known === undefined) this.#votes.set(key, candidate)
    else if (known !== candidate)
      this.broken('S5', `${voter} voted for ${known} and for ${candidate} in term ${term}`)
  }

  /** S4: journals agree on the committed prefix. In memory an entry is the same one everywhere, or another. */
  committed(peer: MachinePeer, entries: readonly Entry[]): void {
    const { name } = peer
    const [first] = entries
    if (first && first.index !== peer.applied + 1)
      this.broken('S8', `${name} applies entry ${first.index} after ${peer.applied}`)
    for (const entry of entries) {
      if (entry.index === this.#states.length)
        this.#states.push(nextState(this.#states.at(-1) as number, entry))
      const known = this.#committed[entry.index]
      if (known === undefined) this.#committed[entry.index] = entry
      else if (known !== entry)
        this.broken(
          'S4',
          `${name} has committed ${words(entry)}, where others have committed ${words(known)}`,
        )
    }
  }

  /** S4: what a snapshot holds is what the journal gives, wherever it was taken. */
  state({ name }: MachinePeer, index: number, state: number): void {
    this.snapshots += 1
    if (this.rotten.size > 0 || this.#states[index] === state) return
    this.broken(
      'S4',
      `${name} holds ${state} after entry ${index}, and the journal gives ${this.#states[index]}`,
    )
  }

  /** In the end everybody holds what the journal gives. */
  sameState({ name, value, applied }: MachinePeer): void {
    if (this.rotten.size > 0 || this.#states[applied] === value) return
    this.broken('S4', `${name} ends with ${value} after entry ${applied}, not ${this.#states[applied]}`)
  }

  /** What the journal gives: the state right after this entry. */
  stateAt(index: number): number | undefined {
    return this.#states[index]
  }

  /** S1 and promise P2: one server a term, none serves while another does. S3: it holds what was acknowledged. */
  serves(peer: MachinePeer, { term }: FencingToken): void {
    const { name } = peer
    if (peer.state.snap.diverged !== null)
      this.broken('S4', `${name} serves a state that it knows to be wrong`)
    this.beginnings += 1
    if (peer.state.self.serve === 'never') this.broken('never', `${name} was told never to serve`)
    const known = this.#servedBy.get(term)
    if (known === undefined) this.reigns += 1
    else if (known !== name) this.broken('S1', `${known} and ${name} both served in term ${term}`)
    this.#servedBy.set(term, name)
    this.#alone(peer, `begins to serve in term ${term}`)
    if (known === undefined) this.holdsAcknowledged(peer)
  }

  /** P2: whoever was frozen does not wake as a second server. */
  woken(peer: MachinePeer): void {
    if (peer.wouldServe) this.#alone(peer, `wakes and would serve in term ${peer.state.hard.term}`)
  }

  #alone(peer: MachinePeer, does: string): void {
    for (const other of this.#running()) {
      if (other !== peer && other.wouldServe)
        this.broken('P2', `${peer.name} ${does} while ${other.name} does in ${other.state.hard.term}`)
    }
  }

  /** S3. */
  holdsAcknowledged({ name, disk, state }: MachinePeer): void {
    for (const op of this.#acknowledged.values()) {
      const { id, index, term } = op
      const covered = index < disk.firstIndex && this.#committed[index]?.term === term
      if (covered || (index >= disk.firstIndex && index <= disk.lastIndex && disk.termAt(index) === term))
        continue
      this.broken(
        'S3',
        `op ${id} was acknowledged at ${index} of term ${term} and is lost at ${name}, term ${state.hard.term}`,
      )
      return
    }
  }

  /** S1, S2, S6 and S9, with the position in the journal as witness. */
  answered(op: MachineOp, by: string): void {
    const { id, index, term, floor } = op
    const known = this.#answeredBy.get(term)
    if (known === undefined) this.#answeredBy.set(term, by)
    else if (known !== by) this.broken('S1', `${known} and ${by} both answered in term ${term}`)
    if (op.read) {
      if (index < floor) this.broken('S9', `read ${id} saw ${index} after ${floor} had been acknowledged`)
      return
    }
    if (index <= floor)
      this.broken('S6', `op ${id} stands at ${index} and was asked after ${floor} had been acknowledged`)
    const other = this.#acknowledged.get(index)
    if (other) this.broken('S2', `op ${other.id} and op ${id} were both acknowledged at ${index}`)
    else this.#acknowledged.set(index, op)
  }
}

const words = ({ index, term, kind }: Entry): string => `entry ${index} of term ${term}, kind ${kind}`
