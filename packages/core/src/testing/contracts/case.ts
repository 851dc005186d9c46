/**
 * One promise of a contract. `run` rejects with an error that says what was expected; it calls `skip` instead when
 * the subject lacks what the case needs (a way to cut its power, say).
 *
 * @example
 * for (const { name, run } of diskContract(newDisk)) it(name, ({ skip }) => run(skip))
 */
export interface ContractCase {
  readonly name: string
  readonly run: (skip?: () => void) => Promise<void>
}

/** How a subject lets things happen: by waiting, or by running its world. */
export interface Passage {
  /** Lets things happen until `holds` does; false when it did not within what is generous for this subject. */
  until(holds: () => boolean): Promise<boolean>
  /** Lets about `ms` pass on the subject's own clock. */
  pass(ms: number): Promise<void>
}

/** What every subject may have. */
export interface Subject extends Passage {
  /** Called after its case, also after a failed one. */
  end?(): void | Promise<void>
}

/** A case before it knows its subject; skipped when that lacks one of `needs`. */
export interface Draft<S> {
  readonly name: string
  readonly needs?: readonly (keyof S)[]
  readonly run: (subject: S) => Promise<void>
}

/** Each case gets a fresh subject. */
export function contract<S extends Pick<Subject, 'end'>>(
  create: () => S | Promise<S>,
  drafts: readonly Draft<S>[],
): ContractCase[] {
  return drafts.map(({ name, needs = [], run }) => ({
    name,
    run: async (skip) => {
      const subject = await create()
      try {
        if (needs.every((hook) => subject[hook] !== undefined)) await run(subject)
        else skip?.()
      } finally {
        await subject.end?.()
      }
    },
  }))
}

export function check(condition: boolean, text: string): void {
  if (!condition) throw new Error(text)
}

export function equal(found: unknown, expected: unknown, what: string): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)]
  check(a === b, `${what}: expected ${cutText(b)}, found ${cutText(a)}`)
}

/** Waits for something that must come about. */
export async function comes(subject: Passage, holds: () => boolean, what: string): Promise<void> {
  check(await subject.until(holds), `expected, and never came: ${what}`)
}

/** Long enough, in its own time, for everything near that was going to happen. */
export const quietMs = 50

export const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i)

const encoder = new TextEncoder()
const decoder = new TextDecoder()
export const bytesOf = (text: string): Uint8Array => encoder.encode(text)
export const textOf = (bytes: Uint8Array): string => decoder.decode(bytes)

function cutText(text: string | undefined): string {
  return text === undefined ? 'undefined' : text.slice(0, 300)
}
