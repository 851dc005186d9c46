import type { Entry } from '@tanist/core'
import {
  continuationOf,
  EntryKind,
  stateDigestOf,
  viewChangeOf,
  votersOf,
} from '../../src/succession/entries.js'
import type { SuccessionEffect } from '../../src/succession/index.js'
import type { BranchClaim } from '../../src/succession/branches.js'
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
    case EntryKind.continuation: {
      const { branchId, held, of } = continuationOf(entry)
      return `continuation ${branchId} (${held} of ${of})`
    }
    case EntryKind.view: {
      const change = viewChangeOf(entry)
      if (change.op === 'admit') return `admit ${change.member.memberId}`
      return `${change.op === 'remove' && change.evicted ? 'evict' : change.op} ${change.memberId}`
    }
    case EntryKind.checkpoint:
      return 'checkpoint'
    case EntryKind.digest:
      return `digest of ${stateDigestOf(entry).index}`
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
    case 'snapshot': {
      const bytes = entries[0]?.payload.length ?? 0
      if (bytes === 0) return `how much do you have of my snapshot of ${message.of.index}?`
      return `snapshot of ${message.of.index}, from byte ${message.offset}`
    }
    case 'received':
      return message.match < 0
        ? `of the snapshot of ${message.of.index} I have ${message.offset} bytes`
        : `the snapshot of ${message.of.index} is in force here, my journal stands at ${message.match}`
    case 'fetch':
      return `my state is wrong: I need a snapshot of ${message.from} or later`
    case 'prepare':
      return `${message.to} stands next: write your vote for it down`
    case 'prepared':
      return 'I am ready to stand'
    case 'stand':
      return `you have everything: stand${message.vote ? ', you have my vote' : ''}`
    case 'admit':
      return null
    case 'leave':
      return 'take my seat, I leave for good'
    case 'left':
      return 'your seat is given up'
    case 'canvass':
      return 'would a majority vote for you?'
    case 'canvassed':
      return 'a majority would vote for me'
    case 'operate':
      return `an operator wants to ${message.operation.op} ${message.operation.memberId}`
    case 'operated':
      return `${message.status}: ${message.text}`
    case 'evicted':
      return 'you are evicted'
    case 'branch':
      return message.claim.leads
        ? `I lead ${claimWords(message.claim)}`
        : `I am on ${claimWords(message.claim)}`
    case 'concede':
      return `your branch goes on; mine is ${claimWords(message.claim)}`
    case 'conceded':
      return `come over to ${claimWords(message.claim)}`
    case 'fork':
      return `nobody leads; may I go on alone? my journal ends at ${message.lastIndex}·${message.lastTerm}`
    case 'dissolve':
      return `we dissolve and join the cluster at ${message.towards}`
    case 'forked':
      return message.refused === null ? 'go on' : `do not go on (${message.refused})`
    case 'grant':
      return message.notice ? null : `may I go on alone after set ${message.set.join('·')}?`
    case 'granted':
      return `${message.to ?? 'nobody'} goes on alone after set ${message.set.join('·')}`
  }
}

function claimWords({ chain, held, of, lastIndex }: BranchClaim): string {
  const tip = chain.at(-1)
  const [had, all] = chain.length === 1 ? [held, of] : [tip?.held, tip?.of]
  return `branch ${tip?.id} (${had} of ${all} voters, up to ${lastIndex})`
}

/** What a peer does to itself, in words; null for what is shown elsewhere or is no news. */
export function effectWords(effect: SuccessionEffect): string | null {
  switch (effect.kind) {
    case 'persist':
      return `writes term ${effect.hard.term}, vote ${effect.hard.votedFor ?? 'none'}`
    case 'reserve':
      return `writes down the vote that it will give: term ${effect.hard.term}, ${effect.hard.votedFor ?? 'none'}`
    case 'append':
      return effect.entries.length === 0 ? null : `appends ${entriesWords(effect.entries)}`
    case 'truncate':
      return `cuts its journal from ${effect.from}`
    case 'committed':
      return `commits ${entriesWords(effect.entries)}`
    case 'capture':
      return `takes a snapshot of ${effect.meta.index}`
    case 'install':
      return `has all of the snapshot of ${effect.id.index}`
    case 'reset':
      return `begins its journal anew behind ${effect.index}·${effect.term}`
    case 'drop':
      return `drops what is before entry ${effect.below}`
    case 'forget':
      return `removes its snapshot of ${effect.id.index}`
    case 'diverged':
      return `HAS DIVERGED at ${effect.index}`
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
    case 'operated':
      return `operator hears: ${effect.status}, ${effect.text}`
    case 'left':
      return 'has left'
    case 'set-aside':
      return `SETS ASIDE from ${effect.from} on (known committed up to ${effect.commitIndex}): ${effect.text}`
    case 'continued':
      return effect.text
    case 'fatal':
      return `STOPS (${effect.code}): ${effect.text}`
    case 'receive':
    case 'send':
    case 'timer':
    case 'line':
    case 'cluster':
    case 'note':
    case 'next':
      return null
  }
}
