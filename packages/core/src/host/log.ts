export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** Structured log lines: an event name in kebab-case, a sentence, and plain data. */
export interface Log {
  write(level: LogLevel, event: string, text: string, data?: Readonly<Record<string, unknown>>): void
}
