import { invariant } from '@tanist/core'
import { voters } from '../../src/succession/index.js'
import { Stage } from './stage.js'
import { entriesWords } from './words.js'

/*
 * A story is a text of blocks: comments and commands, `----`, and what happened. Commands, one a line:
 *
 *   cluster a b c    a founds, the others join; not told, what came of it is
 *   start a b        start processes            crash a          the process dies; unsynced writes are lost
 *   link a b c       link all of these          unlink a b       the link ends, without proof of anything
 *   hold a>b         what a says to b waits     deliver a>b 2    the first two arrive (without a number: all)
 *   drop a>b         what waits is lost         cut a b | c d    hold every direction across; heal ends it
 *   hold disk a      its writes are not synced  sync disk a      they are now
 *   hold yield a     handlers of the reign run  end yield a      they have ended
 *   propose a x y    two commands, one batch    read a 1         confirm that a still leads
 *   dead b: a        b has proof that a died    gone b: a        b's membership proposes to remove a
 *   bye a            b, c … get a's last word   leave a          a gives up its seat
 *   transfer a b     a hands over to b          advance 150ms    time passes
 *   show a           what a holds                checkpoint a     all take a snapshot
 *   spoil a          a's roles hold another state
 *   continue a       an operator: go on with what is here
 *   mode available   of clusters to come
 */

/** Runs a story; returns it with what really happened in place of what it says. */
export function tell(text: string): string {
  const stage = new Stage()
  const blocks = text.trimEnd().split(/\n\s*\n/)
  return `${blocks.map((block) => tellBlock(stage, block)).join('\n\n')}\n`
}

function tellBlock(stage: Stage, block: string): string {
  const lines = block.split('\n')
  const end = lines.indexOf('----')
  const head = end < 0 ? lines : lines.slice(0, end)
  const commands = head.filter((line) => line !== '' && !line.startsWith('#'))
  if (commands.length === 0) return block
  const happened: string[] = []
  for (const command of commands) {
    const from = command.startsWith('cluster') ? 0 : stage.events.length
    const startMs = stage.nowMs
    try {
      happened.push(...perform(stage, command))
    } catch (error) {
      throw new Error(`"${command}": ${String(error)}`, { cause: error })
    }
    const timed = command.startsWith('advance')
    for (const { atMs, peer, words } of stage.events.slice(from)) {
      happened.push(`${timed ? `+${Math.round(atMs - startMs)} ms`.padEnd(9) : ''}${peer} ${words}`)
    }
  }
  return [...head, '----', ...(happened.length === 0 ? ['nothing'] : happened)].join('\n')
}

function perform(stage: Stage, command: string): string[] {
  const words = command.split(/[\s,:>|]+/).filter((word) => word !== '')
  const [verb = '', a = '', b = '', c = ''] = words
  const lasts = b === '' ? a : b
  switch (verb === 'hold' || verb === 'sync' || verb === 'end' ? `${verb} ${a}` : verb) {
    case 'cluster':
      stage.cluster(...words.slice(1))
      return [show(stage, a), `the line of succession is ${stage.state(lasts).line.join(', ')}`]
    case 'start':
      stage.start(...words.slice(1))
      return []
    case 'crash':
      stage.crash(a)
      return []
    case 'link':
      for (const one of words.slice(1)) for (const other of words.slice(1)) stage.link(one, other)
      return []
    case 'unlink':
      stage.unlink(a, b)
      return []
    case 'deliver':
      stage.deliver(a, b, c === '' ? Infinity : Number(c))
      return []
    case 'drop':
      stage.drop(a, b)
      return []
    case 'cut':
      cut(stage, command)
      return []
    case 'heal':
      for (const key of [...stage.held.keys()])
        stage.deliver(key.split('>')[0] ?? '', key.split('>')[1] ?? '')
      return []
    case 'hold disk':
    case 'sync disk':
      stage.holdDisk(b, verb === 'hold')
      return []
    case 'hold yield':
    case 'end yield':
      stage.holdYield(b, verb === 'hold')
      return []
    case 'propose':
      stage.propose(a, ...words.slice(2).map(inFull))
      return []
    case 'checkpoint':
      stage.checkpoint(a)
      return []
    case 'spoil':
      stage.spoil(a)
      return []
    case 'read':
      stage.input(a, { kind: 'read', id: Number(b) })
      return []
    case 'dead':
      stage.input(a, { kind: 'dead', memberId: b, incarnation: stage.incarnation(b) })
      return []
    case 'gone':
      gone(stage, a, b, false, 'nobody hears it')
      return []
    case 'bye':
      bye(stage, a)
      return []
    case 'leave':
      stage.input(a, { kind: 'leave' })
      return []
    case 'mode':
      stage.mode = a === 'available' ? a : 'consistent'
      return []
    case 'continue':
      stage.input(a, { kind: 'continue', why: 'an operator said so' })
      return []
    case 'transfer':
      stage.input(a, { kind: 'transfer', to: b })
      return []
    case 'advance':
      stage.advance(Number.parseFloat(lasts) * (lasts.endsWith('ms') ? 1 : 1_000))
      return []
    case 'show':
      return words.slice(1).map((name) => show(stage, name))
    default:
      invariant(verb === 'hold', `no such command: ${verb}`)
      stage.hold(a, b)
      return []
  }
}

/** `old*300000` is a long command: too much for one message together with another. */
function inFull(word: string): string {
  const [text = '', length = '0'] = word.split('*')
  return Number(length) > 0 ? text.padEnd(Number(length), '.') : text
}

function cut(stage: Stage, command: string): void {
  const [left = '', right = ''] = command.slice('cut '.length).split('|')
  for (const one of left.trim().split(/\s+/)) {
    for (const other of right.trim().split(/\s+/)) {
      stage.hold(one, other)
      stage.hold(other, one)
    }
  }
}

function gone(stage: Stage, at: string, memberId: string, leaving: boolean, why: string): void {
  stage.input(at, { kind: 'gone', memberId, incarnation: stage.incarnation(memberId), leaving, why })
}

/** The last word of a process that stops: proof for everybody who is linked; its seat stays. */
function bye(stage: Stage, name: string): void {
  const incarnation = stage.incarnation(name)
  const others = stage.names.filter((other) => stage.isLinked(name, other))
  stage.crash(name)
  for (const other of others) stage.step(other, { kind: 'dead', memberId: name, incarnation })
  for (const other of others) gone(stage, other, name, false, 'it said bye')
  stage.settle()
}

function show(stage: Stage, name: string): string {
  const s = stage.state(name)
  const { role } = s
  const serving = role.kind === 'leader' && role.serving ? ' and serves' : ''
  return (
    `${name} is ${role.kind}${serving}; term ${s.hard.term}; ${s.voterSets.at(-1)?.pair ? 'pair' : 'voters'} {${voters(s).join(', ')}}; ` +
    `journal committed to ${s.commitIndex}: ${tailWords(stage, name)}`
  )
}

/** The last entries are what a story is about. */
function tailWords(stage: Stage, name: string): string {
  const { entries, base } = stage.disk(name)
  const first = base.index === 0 ? '' : `(snapshot of ${base.index} or later), `
  return `${first}${entries.length > 4 ? '…, ' : ''}${entriesWords(entries.slice(-4))}`
}
