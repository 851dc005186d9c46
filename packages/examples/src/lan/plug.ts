import { setTimeout as pause } from 'node:timers/promises'
import { Lab } from './lab.js'
import { nameOf, Office } from './office.js'

/** Peers that are told nothing but the application's name and a secret, and what must come of it. */
export interface Plug {
  readonly name: string
  /** Returns what went wrong, in sentences. */
  readonly run: (lab: Lab, office: Office) => Promise<readonly string[]>
}

const PLUGGED = { seeds: [], expect: 1, listen: '0.0.0.0:0', discovers: true }
const TOGETHER_MS = 60_000
const SPREAD_MS = 2_000

const notes = (office: Office, host: number, event: string): string[] =>
  office.said.flatMap(({ by, message }) =>
    by === host && message.kind === 'note' && message.event === event ? [message.text] : [],
  )

/** All hosts at any time within the spread; then they are one cluster, and nobody was refused. */
async function oneCluster(lab: Lab, office: Office): Promise<readonly string[]> {
  for (const host of lab.hosts.toSorted(() => Math.random() - 0.5)) {
    office.start(host, PLUGGED)
    await pause((SPREAD_MS / lab.hosts.length) * 2 * Math.random())
  }
  await office.until('one cluster of all hosts', TOGETHER_MS, () => office.together)
  return lab.hosts.flatMap((host) => notes(office, host, 'clusters-met'))
}

export const plugs: readonly Plug[] = [
  { name: 'nothing configured', run: oneCluster },
  {
    name: 'broadcast blocked',
    run: async (lab, office) => {
      for (const host of lab.hosts) await lab.withoutBroadcast(host)
      return oneCluster(lab, office)
    },
  },
  {
    name: 'hosts with a container bridge of the same address',
    run: async (lab, office) => {
      for (const host of lab.hosts.slice(0, 3)) await lab.addInterface(host, 'a-bridge', '172.17.0.1/16')
      return oneCluster(lab, office)
    },
  },
  { name: 'strangers beside', run: strangers },
]

/** One with another secret and one with another application on the same network: nobody is disturbed. */
async function strangers(lab: Lab, office: Office): Promise<readonly string[]> {
  const [secret = 1, application = 2, ...ours] = lab.hosts
  const members = (host: number): number => office.views.get(host)?.members.length ?? 0
  const isOurs = (): boolean => ours.every((host) => members(host) === ours.length)
  for (const host of ours) office.start(host, PLUGGED)
  await office.until('one cluster of our hosts', TOGETHER_MS, isOurs)
  office.start(secret, { ...PLUGGED, secret: 'the secret of somebody else' })
  office.start(application, { ...PLUGGED, app: 'another' })
  const served = (host: number): boolean => office.views.get(host)?.server === nameOf(host)
  await office.until(
    'strangers with clusters of their own',
    TOGETHER_MS,
    () => served(secret) && served(application),
  )
  await pause(3_000)
  const wrong = isOurs() ? [] : ['our cluster has lost or gained a member']
  for (const host of lab.hosts) {
    const told = notes(office, host, 'discovery-foreign').length
    // Once for each address of a stranger: by IPv4, and by IPv6 on the same wire.
    const heard = host === secret || host === application ? lab.hosts.length - 1 : 2
    if (told < 1 || told > 2 * heard) wrong.push(`${nameOf(host)} told ${told} times of strangers`)
    wrong.push(...notes(office, host, 'peer-refused'))
  }
  return wrong
}

/** Each on a LAN of its own, which is gone afterwards; `keep` gets what ends it early. */
export async function plugIn(
  one: Plug,
  hosts: number,
  keep: (end: () => void) => void,
): Promise<readonly string[]> {
  const lab = new Lab(hosts)
  const office = new Office(lab)
  const end = (): void => {
    office.end()
    lab.down()
  }
  keep(end)
  try {
    await lab.up()
    return await one.run(lab, office)
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)]
  } finally {
    end()
  }
}
