import type { Log, LogLevel } from '@tanist/core'

const ranks: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 }

export interface JsonLogOptions {
  /** Lines below it are left out. Default: `info`. */
  readonly level?: LogLevel
  /** Takes one line with its newline. Default: standard error. */
  readonly write?: (line: string) => void
}

/**
 * One JSON object a line: `{time, level, event, text, ...data}`. Data that JSON cannot hold (cycles, errors,
 * bigints) is written as text; it never throws.
 *
 * @example
 * const log = jsonLog({ level: 'debug', write: (line) => process.stdout.write(line) })
 */
export function jsonLog(options: JsonLogOptions = {}): Log {
  const least = ranks[options.level ?? 'info']
  const write = options.write ?? ((text: string): void => void process.stderr.write(text))
  return {
    write(level, event, text, data) {
      if (ranks[level] < least) return
      const head = { time: new Date().toISOString(), level, event, text }
      write(`${line(head, data)}\n`)
    },
  }
}

function line(head: Readonly<Record<string, unknown>>, data: Readonly<Record<string, unknown>> = {}): string {
  try {
    return JSON.stringify({ ...head, ...fields(data, []), ...head })
  } catch (error) {
    // A getter or toJSON of the caller's threw: the event itself must not be lost.
    return JSON.stringify({ ...head, dataError: String(error) })
  }
}

/** A copy that JSON can hold. `path`: the objects above, to notice a cycle. */
function copy(value: unknown, path: readonly unknown[]): unknown {
  if (typeof value === 'bigint' || typeof value === 'symbol' || typeof value === 'function')
    return String(value)
  if (typeof value !== 'object' || value === null) return value
  if (path.includes(value)) return '[cycle]'
  if (path.length > 8) return '[deep]'
  const below = [...path, value]
  if (value instanceof Error) {
    const { name, message, cause } = value
    return fields({ name, message, cause, ...('code' in value ? { code: value.code } : {}) }, below)
  }
  if (value instanceof Uint8Array) return `[${value.length} bytes]`
  if (Array.isArray(value)) return value.map((item) => copy(item, below))
  if (value instanceof Map || value instanceof Set) return copy([...value], below)
  if ('toJSON' in value && typeof value.toJSON === 'function') return copy(value.toJSON(), below)
  return fields(value, below)
}

function fields(value: object, path: readonly unknown[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copy(item, path)]))
}
