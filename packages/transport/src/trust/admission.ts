import { unprovenLinks, unprovenLinksOnLoopback, unprovenLinksPerAddress } from '../limits.js'

/**
 * Counts the callers without a proof, over all and per address. `enter` gives the way out, to be called once
 * (more often does nothing), or undefined when there is no place.
 */
export interface Doorstep {
  enter(host: string): (() => void) | undefined
}

export function doorstep(
  most: number = unprovenLinks,
  mostPerHost: number = unprovenLinksPerAddress,
  mostOnLoopback: number = unprovenLinksOnLoopback,
): Doorstep {
  const perHost = new Map<string, number>()
  let all = 0
  return {
    enter(address) {
      // All of 127.0.0.0/8 is one machine, and it may take any of them.
      const host = isLoopback(address) ? 'loopback' : address
      const here = perHost.get(host) ?? 0
      if (all >= most || here >= (host === 'loopback' ? mostOnLoopback : mostPerHost)) return undefined
      all += 1
      perHost.set(host, here + 1)
      let inside = true
      return () => {
        if (!inside) return
        inside = false
        all -= 1
        const left = (perHost.get(host) ?? 1) - 1
        if (left === 0) perHost.delete(host)
        else perHost.set(host, left)
      }
    },
  }
}

export function isLoopback(host: string): boolean {
  return host === '::1' || host === 'localhost' || /^127\.\d+\.\d+\.\d+$/.test(host)
}
