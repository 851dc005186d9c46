import type { Host, Link, LinkEnd, LinkHandlers } from '../../src/host/index.js'
import {
  applySchedule,
  createWorld,
  type Fault,
  type World,
  type WorldOptions,
} from '../../src/testing/index.js'

/** What a test node saw, in order, as short words. */
export interface Wire {
  host: Host
  life: number
  seen: string[]
  /** Links in the order in which they were accepted or dialled. */
  links: Link[]
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
export const text = (frame: Uint8Array): string => new TextDecoder().decode(frame)
export const endText = (end: LinkEnd): string =>
  end.kind === 'remote' ? `remote ${end.code}${end.reason === '' ? '' : ` ${end.reason}`}` : end.kind

export function hear(wire: Wire): LinkHandlers {
  return {
    opened: () => wire.seen.push('opened'),
    frame: (frame) => wire.seen.push(text(frame)),
    closed: (end) => wire.seen.push(`closed: ${endText(end)}`),
  }
}

/** A world of nodes that listen on their address, note what they see, and do nothing by themselves. */
export function wires<N extends string>(
  names: readonly N[],
  options: Partial<WorldOptions> = {},
): [World, Record<N, Wire>] {
  const world = createWorld({ seed: 1, ...options })
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- filled below, for every name
  const all = {} as Record<N, Wire>
  for (const name of names) {
    world.node(name, {
      start: (host, life) => {
        const wire: Wire = { host, life, seen: [], links: [] }
        all[name] = wire
        host.network.listen(`${name}:1`, {
          listening: () => {},
          failed: (failure) => wire.seen.push(`listen: ${failure.code}`),
          accept: (link) => {
            wire.links.push(link)
            wire.seen.push('accepted')
            return hear(wire)
          },
        })
      },
    })
    world.start(name)
  }
  world.run({ forMs: 1 })
  return [world, all]
}

export function dial(wire: Wire, address: string): Link {
  const link = wire.host.network.dial(address, hear(wire))
  wire.links.push(link)
  return link
}

/** Two nodes with an open link from `a` to `b`. */
export function linked(options: Partial<WorldOptions> = {}): { world: World; a: Wire; b: Wire; link: Link } {
  const [world, all] = wires(['a', 'b'], options)
  const { a, b } = all
  const link = dial(a, 'b:1')
  world.run({ forMs: 10 })
  a.seen.length = 0
  b.seen.length = 0
  return { world, a, b, link }
}

/** Fires these faults, and a millisecond passes. */
export const fire = (world: World, ...schedule: Fault[]): void => {
  applySchedule(world, schedule)
  world.run({ forMs: 1 })
}
