import { appendFileSync } from 'node:fs'
import { actor, reply } from '@tanist/core'
import { singleton } from '@tanist/singleton'
import type { Singleton } from '@tanist/singleton'

interface Printer {
  print: (m: { text: string }) => number
  jam: () => void
  slow: (m: { ms: number }) => number
}

/**
 * The one printer of the office: whoever serves drives it. Each line on the paper begins with the fencing token of the
 * reign, so that a printer with a memory could refuse what an overtaken server still sends.
 */
export function printerOn(paper: string, who: string): Singleton<Printer> {
  return singleton('printer', ({ token, signal }) =>
    actor({
      state: () => ({ lines: 0 }),
      on: {
        print: (s, m: { text: string }) => {
          appendFileSync(paper, `${token.term}.${token.index} ${who} ${m.text}\n`)
          return reply({ lines: s.lines + 1 }, s.lines + 1)
        },
        jam: (): { lines: number } => {
          throw new Error(`paper jam at ${who}`)
        },
        slow: async (s, m: { ms: number }) => {
          await new Promise<void>((resolve) => {
            const timer = setTimeout(resolve, m.ms)
            signal.addEventListener('abort', () => (clearTimeout(timer), resolve()))
          })
          return reply(s, s.lines)
        },
      },
      restarts: { max: 2, windowMs: 10_000 },
    }),
  )
}
