import type { Edit } from '../planted/bugs.js'

/** A bug that somebody could write; planted as those of `test/planted` are. */
export interface ReactionBug extends Edit {
  readonly name: string
  readonly also?: readonly Edit[]
  /** So many schedules of three peers must be enough. */
  readonly budget: number
  /** What has to notice. */
  readonly laws: readonly string[]
}

export const bugs: readonly ReactionBug[] = [
  {
    name: 'a reaction is settled when it begins',
    file: 'role/reactor/reactor',
    find: "lane.state = 'running'",
    replace:
      "lane.state = 'running'; r.unsettled.push({ settlement: { role: row.role, key: item.task.key, end: 'done' } })",
    laws: ['effect', 'chain', 'parked'],
    budget: 3,
  },
  {
    name: 'the end of a reaction is not journalled',
    file: 'peer/reactions',
    find: "if (this.#own.settle(settlements) === 'later')",
    replace: 'if (false)',
    laws: ['ends'],
    budget: 2,
  },
  {
    name: 'calls of a reaction have no id of its event',
    file: 'peer/reaction-run',
    find: 'this.#ports.call({ ...request, id },',
    replace: 'this.#ports.call(request,',
    laws: ['chain'],
    budget: 3,
  },
  {
    name: 'calls of a reaction are counted on from attempt to attempt',
    file: 'peer/reaction-run',
    find: '#seq = 0',
    replace: '#seq = (globalThis.seq = (globalThis.seq ?? 0) + 10)',
    laws: ['chain'],
    budget: 3,
  },
  {
    name: 'a due command that ran and is still derived is not remembered',
    file: 'role/reserved-calls',
    find: '...(own ? { ran: true',
    replace: '...(false ? { ran: true',
    laws: ['due'],
    budget: 2,
  },
  {
    name: 'due commands run before their time',
    file: 'role/reactor/due-clock',
    find: "if (next !== undefined && next.at <= wallMs) return 'run'",
    replace: "if (next !== undefined && next.at <= wallMs + 300) return 'run'",
    also: [
      {
        file: 'role/reactor/due-clock',
        find: 'item === undefined || item.at > wallMs',
        replace: 'item === undefined || item.at > wallMs + 300',
      },
    ],
    laws: ['due'],
    budget: 2,
  },
  {
    name: 'a reaction runs when its command is decided, before the commit',
    file: 'role/host',
    find: 'ahead.outbox.apply(changes, at.index)',
    replace:
      "ahead.outbox.apply(changes, at.index); for (const one of changes) if (one.kind === 'item' && one.item.index === at.index) (this.early ??= []).push(pendingOf(this.#roles, one.item))",
    also: [
      {
        file: 'peer/reactions',
        find: 'if (!this.hasWork) return',
        replace: 'if (this.#roles.early) this.added(this.#roles.early.splice(0)); if (!this.hasWork) return',
      },
    ],
    laws: ['commit'],
    budget: 2,
  },
  {
    name: 'followers run reactions, too',
    file: 'peer/reactions',
    find: "if (this.#token !== null) this.#step({ kind: 'added'",
    replace:
      "if (this.#token === null) this.begin({ term: 0, index: 0 }); this.#step({ kind: 'added'",
    also: [
      {
        file: 'peer/reactions',
        find: 'this.#token = token',
        replace: "if (this.#token !== null) this.#step({ kind: 'end' }); this.#token = token",
      },
      { file: 'peer/reactions', find: 'mayStart: this.#ports.holds()', replace: 'mayStart: true' },
    ],
    laws: ['server'],
    budget: 2,
  },
  {
    name: 'a new server does not look at what is pending',
    file: 'peer/reactions',
    find: 'tasks: this.#know(all)',
    replace: 'tasks: []',
    laws: ['ends', 'effect'],
    budget: 5,
  },
  {
    name: 'a failed reaction does not hold up its lane',
    file: 'role/reactor/reactor',
    find: 'if (lane.state !== \'waiting\') continue',
    replace: 'if (false) continue',
    laws: ['lane'],
    budget: 3,
  },
  {
    name: 'what is parked is settled',
    file: 'role/reactor/reactor',
    find: "end: 'parked', attempts: item.failures, text",
    replace: "end: 'done'",
    laws: ['parked'],
    budget: 2,
  },
]
