// Real peers on a LAN of network namespaces, and everything that can happen to one: `npm run lan [HOSTS] [CASE]`.
import { setTimeout as pause } from 'node:timers/promises'
import { cases } from './cases.js'
import type { Case } from './cases.js'
import { Lab, whyNot } from './lab.js'
import { Office } from './office.js'
import { plugIn, plugs } from './plug.js'
import { judge, lostIn } from './watch.js'
import type { Outcome } from './watch.js'

const TOGETHER_MS = 40_000

async function show(lab: Lab, office: Office, one: Case): Promise<Outcome> {
  await office.until('all are together', TOGETHER_MS, () => office.together)
  office.write(true)
  await pause(1_000)
  const server = office.server
  const others = lab.hosts.filter((h) => h !== server)
  const host = one.who === 'server' ? server : (others.at(-1) ?? server)
  const before = office.views.get(others[0] ?? server)?.members ?? []
  const from = office.said.length
  const fromMs = Date.now()
  await one.run(lab, office, host, server)
  await office.until(`all are together again after "${one.name}"`, TOGETHER_MS, () => office.together)
  office.write(false)
  // What is under way ends, and reaches every replica.
  await pause(1_500)
  const lost = await lostIn(office)
  const after = office.views.get(others[0] ?? server)?.members ?? []
  const said = office.said.slice(from)
  return judge({ one, host, fromMs, said, before, after, server: [server, office.server], lost })
}

function table(outcomes: readonly Outcome[]): string {
  const rows = [
    ['case', 'host', 'first evidence', 'removed', 'serves', 'longest gap', 'acknowledged', 'lost'],
    ...outcomes.map((o) => [
      o.name,
      o.host,
      o.suspected,
      o.removed,
      o.serves,
      `${o.gapMs} ms`,
      String(o.acknowledged),
      String(o.lost),
    ]),
  ]
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)))
  return rows.map((row) => row.map((cell, i) => cell.padEnd(widths[i]!)).join('  ')).join('\n')
}

async function main(): Promise<number> {
  const reason = whyNot()
  if (reason !== null) {
    console.log(`The LAN of network namespaces was not tested here. ${reason}`)
    return 0
  }
  const hosts = Number(process.argv[2] ?? 9)
  if (!Number.isInteger(hosts) || hosts < 3 || hosts > 16) {
    console.error('Usage: npm run lan [HOSTS, 3 to 16] [CASE]')
    return 2
  }
  const wanted = cases.filter(({ name }) => name.includes(process.argv[3] ?? ''))
  const plugged = plugs.filter(({ name }) => name.includes(process.argv[3] ?? ''))
  const lab = new Lab(hosts)
  const office = new Office(lab)
  let endPlug: (() => void) | null = null
  const clean = (): void => {
    endPlug?.()
    office.end()
    lab.down()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      clean()
      process.exit(130)
    })
  }
  let failed = 0
  for (const one of plugged) {
    const wrong = await plugIn(one, hosts, (end) => (endPlug = end))
    failed += wrong.length
    console.log(`${one.name}: ${wrong.length === 0 ? 'as promised' : wrong.join('; ')}`)
  }
  if (wanted.length === 0) {
    clean()
    return failed > 0 ? 1 : 0
  }
  const outcomes: Outcome[] = []
  try {
    await lab.up()
    for (const host of lab.hosts) office.start(host)
    for (const one of wanted) {
      const outcome = await show(lab, office, one)
      outcomes.push(outcome)
      console.log(`${one.name}: ${outcome.wrong.length === 0 ? 'as promised' : outcome.wrong.join('; ')}`)
    }
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    for (const [host, { members, server }] of office.views)
      console.error(
        `h${host}: server ${server}, ${members.map((m) => `${m.name}${m.reachable ? '' : '?'}`).join(' ')}`,
      )
    for (const { by, message } of office.said.slice(-400))
      if (message.kind === 'note' || message.kind === 'failed') console.error(`h${by}: ${message.text}`)
    return 1
  } finally {
    console.log(`\n${hosts} hosts\n${table(outcomes)}`)
    clean()
  }
  return failed > 0 || outcomes.some(({ wrong }) => wrong.length > 0) ? 1 : 0
}

process.exitCode = await main()
