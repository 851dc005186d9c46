import { type Deed, restartLimit, type Tree } from './tree.js'

/** Broken laws, in words; after a shutdown. */
export function brokenLaws(tree: Tree): string[] {
  return [
    ...oneAtATime(tree),
    ...eachMessageOnce(tree),
    ...firstInFirstOut(tree),
    ...stops(tree),
    ...timersOfNow(tree),
    ...restartLimits(tree),
    ...[...tree.asked].filter(([, end]) => end === 'waiting').map(([id]) => `the ask ${id} never ended`),
  ]
}

function oneAtATime({ notes }: Tree): string[] {
  const running = new Map<number, string>()
  const broken: string[] = []
  for (const note of notes) {
    if (note.kind === 'begin') {
      const now = running.get(note.of)
      if (now !== undefined) broken.push(`${note.what} of n${note.of} began within ${now}`)
      running.set(note.of, note.what)
    } else if (note.kind === 'end') running.delete(note.of)
    else if (note.kind === 'timer' || note.kind === 'terminated') {
      const now = running.get(note.of)
      if (now !== undefined) broken.push(`${note.kind} of n${note.of} came within ${now}`)
    }
  }
  return broken
}

/** Each is handled or a dead letter; once more for each time that it was stashed. */
function eachMessageOnce({ notes, letters, sent }: Tree): string[] {
  const fates = new Map<Deed, number>()
  const count = (deed: Deed, by: number): void => void fates.set(deed, (fates.get(deed) ?? 0) + by)
  for (const note of notes) {
    if (note.kind === 'begin' && note.deed !== undefined) count(note.deed, 1)
    if (note.kind === 'stashed') count(note.deed, -1)
  }
  const deeds = new Set<unknown>(sent)
  for (const letter of letters) if (deeds.has(letter.message)) count(letter.message as Deed, 1)
  return sent
    .filter((deed) => fates.get(deed) !== 1)
    .map((deed) => `message ${deed.id} (${deed.what}) ended ${fates.get(deed) ?? 0} times`)
}

/** The first handling of each; what was stashed comes again later. */
function firstInFirstOut({ notes }: Tree): string[] {
  const last = new Map<string, number>()
  const seen = new Set<Deed>()
  const broken: string[] = []
  for (const note of notes) {
    if (note.kind !== 'begin' || note.deed === undefined || seen.has(note.deed)) continue
    seen.add(note.deed)
    const pair = `${note.deed.sender} to n${note.of}`
    if ((last.get(pair) ?? -1) >= note.deed.id) broken.push(`out of order from ${pair} at ${note.deed.id}`)
    last.set(pair, note.deed.id)
  }
  return broken
}

function stops({ notes, lives }: Tree): string[] {
  const stopped = new Set<number>()
  const broken: string[] = []
  for (const note of notes) {
    if (note.kind === 'end') continue
    if (stopped.has(note.of)) broken.push(`${note.kind} of n${note.of} after its postStop`)
    if (note.kind !== 'begin' || note.what !== 'postStop') continue
    stopped.add(note.of)
    const parent = lives[note.of]?.parent
    if (typeof parent === 'number' && stopped.has(parent)) broken.push(`n${note.of} stopped after its parent`)
  }
  lives.forEach((_, of) => {
    if (!stopped.has(of)) broken.push(`no postStop of n${of}`)
  })
  return broken
}

function timersOfNow({ notes }: Tree): string[] {
  return notes.flatMap((note) =>
    note.kind === 'timer' && note.setIn !== note.now
      ? [`a timer of incarnation ${note.setIn} came to ${note.now} of n${note.of}`]
      : [],
  )
}

/** Of those who are restarted by themselves. */
function restartLimits({ failures, lives }: Tree): string[] {
  return lives.flatMap((life) => {
    const parent = life.parent === null ? undefined : lives[life.parent]
    if (parent !== undefined && parent.temper.strategy !== 'one-for-one') return []
    const times = failures
      .filter(({ path, during, action }) => path === life.path && action === 'restart' && isOwn(during))
      .map((failure) => failure.atMs)
    return times
      .filter((atMs, n) => {
        const before = times[n - restartLimit.max]
        return before !== undefined && atMs - before < restartLimit.windowMs
      })
      .map((atMs) => `too many restarts of ${life.path} at ${atMs}`)
  })
}

function isOwn(during: string): boolean {
  return during !== 'preRestart' && during !== 'postStop' && during !== 'state()'
}

/** While all is quiet: whoever lives and watches one that ended has heard of it, once for each watch. */
export function brokenWatches({ notes, lives }: Tree): string[] {
  const uids = new Map(lives.map((life, of) => [life.node.uid, of]))
  const ended = new Set(
    notes.flatMap((note) => (note.kind === 'begin' && note.what === 'postStop' ? [note.of] : [])),
  )
  const open = new Map<string, boolean>()
  const broken: string[] = []
  for (const note of notes) {
    if (!('uid' in note)) continue
    const key = `${note.of} ${note.uid}`
    if (note.kind === 'watch') open.set(key, true)
    else if (note.kind === 'unwatch') open.delete(key)
    else if (!open.delete(key)) broken.push(`n${note.of} heard of an end that it did not watch, or twice`)
  }
  for (const key of open.keys()) {
    const [of = 0, uid = 0] = key.split(' ').map(Number)
    const target = uids.get(uid)
    if (target !== undefined && ended.has(target) && !ended.has(of) && target !== of)
      broken.push(`n${of} never heard of the end of n${target}`)
  }
  return broken
}
