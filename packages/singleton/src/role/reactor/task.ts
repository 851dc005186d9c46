/** Which reaction: `key` is `INDEX.N`, the place of its event in the journal and within its entry. */
export interface TaskId {
  readonly role: string
  readonly key: string
}

/** A pending reaction, as far as the machine that has it run needs to know it. */
export interface Task extends TaskId {
  readonly index: number
  readonly n: number
  /** Of the event. */
  readonly type: string
  readonly lane: string
  /** Null: this build has no handler for it. */
  readonly limits: AttemptLimits | null
}

export interface AttemptLimits {
  readonly attempts: number
  readonly timeoutMs: number
  readonly backoffMs: number
  readonly maxBackoffMs: number
}
