import type { Log } from '../../host/index.js'

/** nact's logger of an actor, writing to ours. nact itself gives none unless it was told how to log. */
export interface NactLogger {
  trace(message: string): void
  debug(message: string): void
  info(message: string): void
  warn(message: string): void
  error(message: string): void
  critical(message: string): void
  event(name: string, properties: unknown): void
  exception(exception: Error): void
  metric(name: string, values: unknown): void
}

export function nactLogger(log: Log): NactLogger {
  const write = (level: Parameters<Log['write']>[0]) => (message: string) =>
    log.write(level, 'nact-log', message)
  return {
    trace: write('debug'),
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    critical: write('error'),
    event: (name, properties) => log.write('info', 'nact-event', name, { properties }),
    exception: (error) => log.write('error', 'nact-exception', error.message, { error }),
    metric: (name, values) => log.write('info', 'nact-metric', name, { values }),
  }
}
