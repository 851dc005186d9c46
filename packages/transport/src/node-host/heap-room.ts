import { performance, PerformanceObserver } from 'node:perf_hooks'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { isMainThread } from 'node:worker_threads'

/** How much room V8 takes for garbage: the two numbers that it reads whenever it may take more. */
export interface HeapRoom {
  /** `--semi-space-growth-factor`: with 1 the young generation stays as large as it is. */
  readonly youngGrowth: 1 | 2
  /** `--heap-growing-percent`: the old one is collected when it has grown by this much; 0 is V8's own choice. */
  readonly oldGrowthPercent: 0 | 50
}

export interface HeapSizes {
  readonly youngBytes: number
  readonly oldBytes: number
}

const MIB = 1024 * 1024
/** Both halves. V8 would go to 32 MiB, and what a peer throws away is dead long before these are full. */
const YOUNG_BYTES = 8 * MIB
/** A larger heap is an application's own, or a large state's, and collecting it often would cost too much. */
const SMALL_HEAP_BYTES = 128 * MIB
const V8_CHOICE: HeapRoom = { youngGrowth: 2, oldGrowthPercent: 0 }

export function roomFor({ youngBytes, oldBytes }: HeapSizes): HeapRoom {
  if (oldBytes > SMALL_HEAP_BYTES) return V8_CHOICE
  return { youngGrowth: youngBytes < YOUNG_BYTES ? 2 : 1, oldGrowthPercent: 50 }
}

/** Of the time, over so long: beyond that, collections cost more than memory is worth, for so long at least. */
const SHARE_MOST = 0.125
const SHARE_OVER_MS = 1_000
const GENEROUS_MS = 10_000

/** Whether collections take too much of the time: then V8 may have its own choice. Times in ms. */
export class CollectionTime {
  #sinceMs: number
  #takenMs = 0
  #generousUntilMs = -Infinity

  constructor(nowMs: number) {
    this.#sinceMs = nowMs
  }

  /** A collection of so long has ended. */
  isTooMuch(takenMs: number, nowMs: number): boolean {
    this.#takenMs += takenMs
    const overMs = nowMs - this.#sinceMs
    if (overMs >= SHARE_OVER_MS) {
      if (this.#takenMs > SHARE_MOST * overMs) this.#generousUntilMs = nowMs + GENEROUS_MS
      this.#sinceMs = nowMs
      this.#takenMs = 0
    }
    return nowMs < this.#generousUntilMs
  }
}

let holders = 0
let room = V8_CHOICE
let observer: PerformanceObserver | null = null

/**
 * Keeps the heap of this process small for as long as it is small and collections take less than an eighth of the time,
 * until the returned function was called as often as this one. Looks after each collection, some ten times a second
 * under load.
 *
 * Both flags are plain numbers that V8 reads in the thread that collects, which is the one that sets them, to decide
 * about its next step; no structure depends on their former value. Where that was not verified (another engine, another
 * major version, a worker), or where the command line says something about the heap itself, nothing is done.
 */
export function keepHeapSmall(
  time: Pick<CollectionTime, 'isTooMuch'> = new CollectionTime(performance.now()),
): () => void {
  if (!isOursToSay()) return () => {}
  holders += 1
  if (holders === 1) {
    set(roomFor(heapSizes()))
    observer = new PerformanceObserver((list) => {
      const takenMs = list.getEntries().reduce((sum, { duration }) => sum + duration, 0)
      set(time.isTooMuch(takenMs, performance.now()) ? V8_CHOICE : roomFor(heapSizes()))
    })
    observer.observe({ entryTypes: ['gc'] })
  }
  let isHeld = true
  return () => {
    if (!isHeld) return
    isHeld = false
    holders -= 1
    if (holders > 0) return
    observer?.disconnect()
    set(V8_CHOICE)
  }
}

export function heapSizes(): HeapSizes {
  let youngBytes = 0
  let oldBytes = 0
  for (const { space_name: name, space_size: size, space_used_size: used } of getHeapSpaceStatistics()) {
    if (name === 'new_space') youngBytes = size
    else if (name === 'old_space' || name === 'large_object_space') oldBytes += used
  }
  return { youngBytes, oldBytes }
}

function set(next: HeapRoom): void {
  if (next.youngGrowth !== room.youngGrowth)
    setFlagsFromString(`--semi-space-growth-factor=${next.youngGrowth}`)
  if (next.oldGrowthPercent !== room.oldGrowthPercent)
    setFlagsFromString(`--heap-growing-percent=${next.oldGrowthPercent}`)
  room = next
}

const HEAP_FLAG = /--(?:(?:max|min)[-_])?(?:semi[-_]space|heap[-_]growing|optimize[-_]for[-_]size)/

function isOursToSay(): boolean {
  const { versions, execArgv, env } = process
  const isNode = versions['bun'] === undefined && versions['deno'] === undefined
  const major = Number.parseInt(versions.node, 10)
  const given = [...execArgv, env['NODE_OPTIONS'] ?? ''].join(' ')
  return isNode && isMainThread && major >= 20 && major <= 24 && !HEAP_FLAG.test(given)
}
