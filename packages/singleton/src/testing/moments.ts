import type { World } from '@tanist/core/testing'
import type { PeerCore, PeerEvent } from '../peer/index.js'
import type { HistoryRecorder } from './history/index.js'

/** Tells the world what one life of a peer becomes: `elected`, `yields`, `admitted` and `voted`. */
export class PeerMoments {
  readonly #world: World
  readonly #recorder: HistoryRecorder
  readonly #node: string
  readonly #core: PeerCore
  #led = false
  #served = false
  #votedIn: number

  constructor(world: World, recorder: HistoryRecorder, node: string, core: PeerCore) {
    const { term, votedFor } = core.succession.hard
    this.#world = world
    this.#recorder = recorder
    this.#node = node
    this.#core = core
    this.#votedIn = votedFor === null ? term - 1 : term
  }

  look({ kind }: PeerEvent): void {
    if (kind === 'joined') this.#world.moment(this.#node, 'admitted')
    if (kind !== 'status' && kind !== 'stopped') return
    const { serves, succession } = this.#core
    const leads = succession.role.kind === 'leader'
    if (leads && !this.#led) this.#world.moment(this.#node, 'elected')
    this.#led = leads
    if (this.#served && !serves) {
      this.#recorder.servesNoMore(this.#node, this.#world.nowMs)
      this.#world.moment(this.#node, 'yields')
    }
    this.#served = serves
  }

  /** Term and vote stand there; what was written is not synced yet. */
  identityWritten(): void {
    const { term, votedFor } = this.#core.succession.hard
    if (votedFor === null || term <= this.#votedIn) return
    this.#votedIn = term
    this.#world.moment(this.#node, 'voted')
  }
}
