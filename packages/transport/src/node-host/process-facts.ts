import { cpuUsage, memoryUsage, uptime } from 'node:process'

/** What this process has used until now; bytes and seconds. */
export interface ProcessFacts {
  readonly startSeconds: number
  readonly cpuSeconds: number
  readonly residentBytes: number
  readonly heapUsedBytes: number
}

const startSeconds = Date.now() / 1_000 - uptime()

export function processFacts(): ProcessFacts {
  const { user, system } = cpuUsage()
  const { rss, heapUsed } = memoryUsage()
  return { startSeconds, cpuSeconds: (user + system) / 1e6, residentBytes: rss, heapUsedBytes: heapUsed }
}
