import type { Entry } from '@tanist/core'
import { EntryKind, viewChangeOf, votersOf } from '../../src/succession/entries.js'
import type { SuccessionEffect } from '../../src/succession/index.js'
import type { SuccessionMessage } from '../../src/succession/messages.js'

/** Member ids of the stage are names, so that its words need no table. */
export function entryWords(entry: Entry): string {
  switch (entry.kind) {
    case EntryKind.founding:
      return 'founding'
    case EntryKind.start:
      return 'start'
    case EntryKind.voters: {
      const { voters, pair } = votersOf(entry)
      return `${pair ? 'pair' : 'voters'} {${voters.join(', ')}}`
    }
    case EntryKind.view: {
      const change = viewChangeOf(entry)
      return change.op === 'admit' ? `admit ${change.member.memberId}` : `remove ${change.memberId}`
    }
    default: {
      const text = new TextDecoder().decode(entry.payload)
      return text.length < 100 ? `"${text}"` : `"${text.slice(0, text.indexOf('.'))}…"`
    }
  }
}

export function entriesWords(entries: readonly Entry[]): string {
  return entries.map((entry) => `${entry.index}·${entry.term} ${entryWords(entry)}`).join(', ')
}

/** Null for what only keeps the wheels turning: beats, and answers that bring no news. */
export function messageWords(message: SuccessionMessage, entries: readonly Entry[]): string | null {
  switch (message.t) {
    case 'append':
      if (entries.length === 0) return null
      return `append [${entriesWords(entries)}] after ${message.prevIndex}·${message.prevTerm}`
    case 'appended':
      return message.hint === undefined
        ? null
        : `no entry ${message.hint.rejected} like that; we may agree up to ${message.hint.index}·${message.hint.term}`
    case 'vote': {
      const kind = message.pre ? 'would you vote for me' : 'vote for me'
      const term = message.pre ? message.term + 1 : message.term
      const dead = message.dead === null ? '' : `, ${message.dead.memberId} is dead`
      const sent = message.transfer ? ', the leader sent me' : ''
      return `${kind} in term ${term}? my journal ends at ${message.lastIndex}·${message.lastTerm}${dead}${sent}`
    }
    case 'voted': {
      const [yes, no] = message.pre ? ['I would', 'I would not'] : ['you have my vote', 'no']
      return `${message.granted ? yes : no} (term ${message.asked})`
    }
    case 'stand':
      return 'you have everything: stand'
    case 'admit':
      return null
    case 'leave':
      return 'take my seat, I leave for good'
    case 'left':
      return 'your seat is given up'
    case 'grant':
      return message.notice ? null : `may I go on alone after set ${message.set.join('·')}?`
    case 'granted':
      return `${message.to ?? 'nobody'} goes on alone after set ${message.set.join('·')}`
  }
}

/** What a peer does to itself, in words; null for what is shown elsewhere or is no news. */
export function effectWords(effect: SuccessionEffect): string | null {
  switch (effect.kind) {
    case 'persist':
      return `writes term ${effect.hard.term}, vote ${effect.hard.votedFor ?? 'none'}`
    case 'append':
      return effect.entries.length === 0 ? null : `appends ${entriesWords(effect.entries)}`
    case 'truncate':
      return `cuts its journal from ${effect.from}`
    case 'committed':
      return `commits ${entriesWords(effect.entries)}`
    case 'serve':
      return `SERVES with token (${effect.token.term}, ${effect.token.index})`
    case 'yield':
      return `STOPS SERVING: ${effect.why}`
    case 'leader':
      return effect.leader === null
        ? 'follows nobody'
        : `follows ${effect.leader.memberId} in term ${effect.leader.term}`
    case 'view':
      return `members: ${effect.members.map((member) => member.memberId).join(', ')}`
    case 'readable':
      return `read ${effect.id} is confirmed at ${effect.index}`
    case 'unreadable':
      return `read ${effect.id} is refused: ${effect.why}`
    case 'probe':
      return `looks whether ${effect.memberId} lives`
    case 'transferred':
      return `hand-over ${effect.ok ? 'done' : 'failed'}: ${effect.text}`
    case 'left':
      return 'has left'
    case 'fatal':
      return `STOPS (${effect.code}): ${effect.text}`
    case 'send':
    case 'timer':
    case 'line':
    case 'cluster':
    case 'note':
      return null
  }
}
