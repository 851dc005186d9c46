/**
 * Watches the globals by which code of a simulated process would leave the world: timers, clocks, randomness and
 * `fetch`. While an event of a process is under way (and, in `runAsync`, the promises that it settles) they throw
 * a sentence; at all other times they work as ever, so that the test itself, and its runner, may use them.
 *
 * The globals are replaced while a world runs and put back afterwards. What a module took at its import
 * (`node:timers`, a copy of `setTimeout`, `node:crypto`) is not seen; `checkDeterminism` sees more.
 */

/** The world whose event is under way. `misused` notes the failure, for code that catches what is thrown. */
export interface Overseer {
  misused(node: string, during: string, used: string, instead: string): Error
  /** What an event that is no turn may have set going: the turns that wait on that node, in words. */
  behind(node: string): string
}

/** What runs: an event of the world. Turns know more about themselves. */
export interface Code {
  what(): string
  during?(): string
}

const settled = Promise.resolve()

/** What runs at this moment. One for the thread, as the globals are. */
class Scene {
  overseer: Overseer | null = null
  /** Empty for scripts of the test, which may use what they like. */
  node = ''
  code: Code | null = null
  #rounds = 0
  readonly #again = (): void => nextTick(this.#leave)
  readonly #leave = (): void => {
    // By a promise: ticks that wait would all run before the promises that they settle.
    if (--this.#rounds > 0) void settled.then(this.#again)
    else this.clear()
  }

  enter(overseer: Overseer | null, node: string, code: Code | null): void {
    this.overseer = overseer
    this.node = node
    this.code = code
  }

  clear(): void {
    this.enter(null, '', null)
  }

  /**
   * Leaves once all promises that can settle by themselves have done so. Ticks run behind promises, and may
   * settle more of them: `rounds` times over.
   */
  clearLater(rounds: number): void {
    const waits = this.#rounds > 0
    this.#rounds = rounds
    if (!waits) nextTick(this.#leave)
  }
}

export const scene: Scene = new Scene()

function nextTick(run: () => void): void {
  // Where there is no Node, the next event of the world is the end of this one.
  if (typeof process === 'object') process.nextTick(run)
  else queueMicrotask(run)
}

interface Guarded {
  /** The object that has it, when this platform has that. */
  readonly on: () => unknown
  readonly key: string
  readonly name: string
  readonly instead: string
}

const timers = 'host.timers'
const clock = 'host.clock (in a role: ctx.at)'
const random = 'host.random (in a role: ctx.id())'
const everywhere = (): unknown => globalThis
const part = (name: string) => (): unknown => Reflect.get(globalThis, name)

const guarded: readonly Guarded[] = [
  { on: everywhere, key: 'setTimeout', name: 'setTimeout', instead: timers },
  { on: everywhere, key: 'setInterval', name: 'setInterval', instead: timers },
  { on: everywhere, key: 'setImmediate', name: 'setImmediate', instead: timers },
  { on: everywhere, key: 'fetch', name: 'fetch', instead: 'host.network' },
  { on: everywhere, key: 'Date', name: 'new Date()', instead: clock },
  { on: part('Math'), key: 'random', name: 'Math.random', instead: random },
  { on: part('performance'), key: 'now', name: 'performance.now', instead: clock },
  { on: part('crypto'), key: 'randomUUID', name: 'crypto.randomUUID', instead: random },
  { on: part('crypto'), key: 'getRandomValues', name: 'crypto.getRandomValues', instead: random },
]

let users = 0
let undos: (() => void)[] = []

/** From the first `raise` to the last `lower` the globals are watched. */
export function raise(): void {
  users += 1
  if (users === 1) undos = guarded.map(replace)
}

export function lower(): void {
  users -= 1
  if (users > 0) return
  for (const undo of undos) undo()
  undos = []
}

function replace({ on, key, name, instead }: Guarded): () => void {
  const owner = on()
  const original: unknown = isObject(owner) ? Reflect.get(owner, key) : undefined
  if (!isObject(owner) || typeof original !== 'function') return () => {}
  const before = Object.getOwnPropertyDescriptor(owner, key)
  const enumerable = before?.enumerable ?? false
  const watched = key === 'Date' ? watchDate(original, instead) : watch(original, name, instead)
  const after = { value: watched, configurable: true, writable: true, enumerable }
  if (!Reflect.defineProperty(owner, key, after)) return () => {}
  return () => {
    // Somebody else (fake timers, say) may have replaced it meanwhile.
    if (Reflect.get(owner, key) !== watched) return
    if (before === undefined) Reflect.deleteProperty(owner, key)
    else Reflect.defineProperty(owner, key, before)
  }
}

/** A proxy keeps everything else about the function: its properties, its name, `instanceof`. */
function watch(original: object, name: string, instead: string): object {
  return new Proxy(original, {
    apply: (target, self: unknown, args: unknown[]) => {
      check(name, instead, args)
      return call(target, self, args)
    },
  })
}

/** `new Date(value)`, `Date.parse` and `Date.UTC` only compute. */
function watchDate(original: object, instead: string): object {
  const now: unknown = Reflect.get(original, 'now')
  const watchedNow = isObject(now) ? watch(now, 'Date.now', instead) : now
  return new Proxy(original, {
    apply: (target, self: unknown, args: unknown[]) => {
      check('Date()', instead, args)
      return call(target, self, args)
    },
    construct: (target, args: unknown[], newTarget) => {
      if (args.length === 0) check('new Date()', instead, args)
      const made: unknown =
        typeof target === 'function' ? Reflect.construct(target, args, newTarget) : undefined
      return isObject(made) ? made : {}
    },
    get: (target, key, receiver) => (key === 'now' ? watchedNow : Reflect.get(target, key, receiver)),
  })
}

function check(used: string, instead: string, args: readonly unknown[]): void {
  const { overseer, node, code } = scene
  if (overseer === null || node === '') return
  if (used === 'setTimeout') throwReported(args)
  throw overseer.misused(node, doing(overseer, node, code), used, instead)
}

/** Who acts at this moment, in words. Behind a promise that is the turn which awaited it, if it can be told. */
function doing(overseer: Overseer, node: string, code: Code | null): string {
  const turn = turns?.getStore() ?? code
  const own = turn?.during?.()
  if (own !== undefined) return own
  return `${code?.what() ?? 'its code'}${overseer.behind(node)}`
}

/** RxJS tells of an error that no subscriber handles by a timer that throws it: that error is the news. */
function throwReported([callback]: readonly unknown[]): void {
  if (typeof callback === 'function' && /reportUnhandledError/.test(new Error().stack ?? ''))
    call(callback, undefined, [])
}

function call(target: object, self: unknown, args: readonly unknown[]): unknown {
  return typeof target === 'function' ? Reflect.apply(target, self, args) : undefined
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

/** What a process may begin to wait for outside the world, by the names that Node gives to asynchronous work. */
const outside: readonly (readonly [RegExp, string, string])[] = [
  [/^(FSREQ|FSEVENT|STATWATCHER)/, 'a file', 'host.disk'],
  [/^(TCP|PIPE|TLS|HTTP|UDP|GETADDRINFO|GETNAMEINFO|QUERYWRAP|DNS)/, 'the network', 'host.network'],
  [/^Timeout$/, 'a real timer', timers],
  [/^(RANDOMBYTES|PBKDF2|SCRYPT|KEYPAIRGEN|DERIVEBITS)/, 'asynchronous cryptography', random],
  [/^(PROCESSWRAP|WORKER|ZLIB)/, 'another process or thread', 'host.network'],
]

/**
 * Also notices asynchronous work that does not go by a global, from whatever module. Where there is no Node, or an
 * old one, it does nothing. Promises cost more meanwhile. Returns its end.
 */
export function onAsyncStart(): () => void {
  const hooks = asyncHooks()
  if (hooks === undefined) return () => {}
  turns ??= new hooks.AsyncLocalStorage()
  const used = turns
  followers += 1
  const hook = hooks.createHook({
    init: (_id: number, type: string) => {
      const { overseer, node, code } = scene
      if (overseer === null || node === '') return
      const found = outside.find(([pattern]) => pattern.test(type))
      // Nothing may be thrown here: the world does so at its next event.
      if (found !== undefined) overseer.misused(node, doing(overseer, node, code), found[1], found[2])
    },
  })
  hook.enable()
  return () => {
    hook.disable()
    followers -= 1
    if (followers === 0) used.disable()
  }
}

/** Runs a turn so that the promises behind it are known to be its own, where they are followed. */
export function inTurn<R>(code: Code, turn: () => R): R {
  return turns === undefined || followers === 0 ? turn() : turns.run(code, turn)
}

let turns: Turns | undefined
let followers = 0

interface Turns {
  run<R>(code: Code, turn: () => R): R
  getStore(): Code | undefined
  disable(): void
}

interface AsyncHooks {
  createHook(callbacks: { init(id: number, type: string): void }): { enable(): unknown; disable(): unknown }
  readonly AsyncLocalStorage: new () => Turns
}

function asyncHooks(): AsyncHooks | undefined {
  if (typeof process !== 'object') return undefined
  const get: unknown = Reflect.get(process, 'getBuiltinModule')
  const hooks = typeof get === 'function' ? call(get, process, ['node:async_hooks']) : undefined
  return isAsyncHooks(hooks) ? hooks : undefined
}

function isAsyncHooks(value: unknown): value is AsyncHooks {
  return isObject(value) && typeof Reflect.get(value, 'createHook') === 'function'
}
