import { setTimeout as pause } from 'node:timers/promises'
import type { Lab } from './lab.js'
import type { Office } from './office.js'

/** One fault of the LAN or of a machine, and what must come of it. */
export interface Case {
  readonly name: string
  /** Whom it concerns: the server, the youngest member, or both of them. */
  readonly who: 'server' | 'other'
  /** Breaks it, waits, and mends it again. */
  readonly run: (lab: Lab, office: Office, host: number, server: number) => Promise<void>
  /** Whether the others remove it; `maybe`: it is too close to the limit to say. */
  readonly removed: boolean
  /** The longest that a removal may take, from the fault on. */
  readonly withinMs?: number
  /** It keeps its place in the order of seniority and its incarnation. */
  readonly keepsPlace?: boolean
}

/** Silence of 3 s, one beat, and what a busy machine adds. */
const SILENCE_MS = 5_500

export const cases: readonly Case[] = [
  {
    name: 'one-way cut',
    who: 'other',
    run: async (lab, _office, host, server) => {
      const [third = server] = lab.hosts.filter((h) => h !== host && h !== server)
      await lab.cut(host, third)
      await pause(6_000)
      await lab.heal()
    },
    removed: false,
    keepsPlace: true,
  },
  {
    name: 'split and heal',
    who: 'other',
    run: async (lab, _office, host, server) => {
      // Fewer than half, and not the server.
      const others = lab.hosts.filter((h) => h !== host && h !== server)
      const few = [host, ...others.slice(-Math.floor((lab.hosts.length - 1) / 2) + 1)]
      const part = lab.hosts.length > 3 ? few : [host]
      await lab.split(
        part,
        lab.hosts.filter((h) => !part.includes(h)),
      )
      await pause(7_000)
      await lab.heal()
    },
    removed: true,
    withinMs: SILENCE_MS,
  },
  {
    name: 'cable of the server out',
    who: 'server',
    run: async (lab, _office, host) => {
      await lab.cable(host, false)
      await pause(6_500)
      await lab.cable(host, true)
    },
    removed: true,
    withinMs: SILENCE_MS,
  },
  {
    name: 'silent port',
    who: 'other',
    run: async (lab, _office, host) => {
      await lab.mute(host, true)
      await pause(6_500)
      await lab.mute(host, false)
    },
    removed: true,
    withinMs: SILENCE_MS,
  },
  {
    name: 'power off',
    who: 'other',
    run: async (lab, office, host) => {
      await lab.mute(host, true)
      await office.crash(host)
      await lab.powerOff(host)
      await pause(6_500)
      await lab.powerOn(host)
      office.start(host)
    },
    removed: true,
    withinMs: SILENCE_MS,
  },
  {
    name: 'crash of the server',
    who: 'server',
    run: async (_lab, office, host) => {
      await office.crash(host)
      await pause(2_500)
      office.start(host)
    },
    removed: true,
    withinMs: 1_500,
  },
  {
    name: 'freeze of 2 s',
    who: 'other',
    run: async (_lab, office, host) => {
      office.freeze(host)
      await pause(2_000)
      office.thaw(host)
    },
    removed: false,
    keepsPlace: true,
  },
  {
    name: 'freeze of 8 s',
    who: 'other',
    run: async (_lab, office, host) => {
      office.freeze(host)
      await pause(8_000)
      office.thaw(host)
    },
    removed: true,
    withinMs: SILENCE_MS,
  },
  {
    name: 'another address',
    who: 'other',
    run: async (lab, office, host) => {
      const address = `10.77.0.${100 + host}`
      await lab.changeAddress(host, address)
      await office.until(`everybody knows ${address}`, 15_000, () =>
        [...office.views.values()].every(({ members }) =>
          members.some((row) => row.address.startsWith(`${address}:`)),
        ),
      )
    },
    removed: false,
    keepsPlace: true,
  },
  {
    name: 'quick restart',
    who: 'other',
    run: async (_lab, office, host) => {
      await office.crash(host)
      office.start(host)
      await pause(1_500)
    },
    removed: true,
    withinMs: 1_500,
  },
]
