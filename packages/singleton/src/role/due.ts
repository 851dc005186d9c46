import type { InputOf } from '@tanist/core'

/** A command that shall run at a time. Made by `run` in `due`. */
export interface Due {
  readonly command: string
  /** Milliseconds since 1970, by the server's clock. */
  readonly at: number
  readonly input: unknown
}

/** What `due` gets: one function a command, which says when it shall run. */
export type DueRun<C> = {
  readonly [K in keyof C & string]: [InputOf<C[K]>] extends [void]
    ? (at: number, input?: undefined) => Due
    : undefined extends InputOf<C[K]>
      ? (at: number, input?: InputOf<C[K]>) => Due
      : (at: number, input: InputOf<C[K]>) => Due
}
