import { readFileSync } from 'node:fs'
import { errno } from './errors.js'

/** Tells a process from a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number
  /** Linux: boot and start time of the process. Elsewhere empty: the number alone decides. */
  readonly start: string
}

export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, start: startOf(process.pid) ?? '' }
}

/**
 * Whether that very process lives on this machine. Processes of another container or of another machine on
 * a network file system cannot be seen: a data folder belongs to one of them alone.
 */
export function isAlive(one: ProcessIdentity): boolean {
  return one.start === '' ? answers(one.pid) : startOf(one.pid) === one.start
}

function answers(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errno(error) === 'EPERM'
  }
}

/** Undefined when there is no such process, or when it is dead and only waits for its parent. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name, in parentheses, may hold anything; state is field 3 and the start time field 22 (proc(5)).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${fields[19]}`
  } catch {
    return undefined
  }
}
