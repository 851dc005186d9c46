import type { SimEvent } from './events.js'

const before = (x: SimEvent, y: SimEvent): boolean => x.at < y.at || (x.at === y.at && x.seq < y.seq)

/** A binary heap of events, earliest first; the sequence number makes the order total. */
export class EventQueue {
  private readonly heap: SimEvent[] = []

  get size(): number {
    return this.heap.length
  }

  peek(): SimEvent | undefined {
    return this.heap[0]
  }

  push(event: SimEvent): void {
    this.heap.push(event)
    this.rise(this.heap.length - 1)
  }

  pop(): SimEvent | undefined {
    const heap = this.heap
    const first = heap[0]
    const last = heap.pop()
    if (last !== undefined && heap.length > 0) {
      heap[0] = last
      this.sink(0)
    }
    return first
  }

  /** Moves events in time: `newAt` gives the new moment, or undefined to leave an event alone. Linear. */
  retime(newAt: (event: SimEvent) => number | undefined): void {
    for (const event of this.heap) event.at = newAt(event) ?? event.at
    for (let i = (this.heap.length >> 1) - 1; i >= 0; i--) this.sink(i)
  }

  private rise(from: number): void {
    const heap = this.heap
    const event = heap[from]!
    let i = from
    while (i > 0) {
      const up = (i - 1) >> 1
      const parent = heap[up]!
      if (!before(event, parent)) break
      heap[i] = parent
      i = up
    }
    heap[i] = event
  }

  private sink(from: number): void {
    const heap = this.heap
    const size = heap.length
    const event = heap[from]!
    let i = from
    for (;;) {
      let down = 2 * i + 1
      if (down >= size) break
      if (down + 1 < size && before(heap[down + 1]!, heap[down]!)) down++
      const child = heap[down]!
      if (!before(child, event)) break
      heap[i] = child
      i = down
    }
    heap[i] = event
  }
}
