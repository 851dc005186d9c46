import type { Member, Outcome, Peer, PeerStatus } from '@tanist/singleton'
import { refused, unavailable, wrong } from './answer.js'
import type { Answer } from './answer.js'
import { BadRequest } from './command.js'
import type { Command } from './command.js'
import { ANSWER_MS } from './limits.js'
import { passOn } from './pass-on.js'
import { read } from './registers.js'
import { register } from './role.js'
import { readValue } from './values.js'

type RegisterOutcome = Outcome<ReturnType<(typeof register.commands)['put' | 'cas' | 'add']>>

export async function submit(peer: Peer, key: string, command: Command): Promise<Answer> {
  const out = await call(peer, key, command)
  switch (out.status) {
    case 'ok':
      return {
        status: 200,
        body: { ok: true, value: readValue(out.value), term: out.term, index: out.index },
      }
    case 'refused':
      if (typeof out.refusal === 'string') return refused(out.refusal)
      // The server's code failed: nothing was executed, and nothing is on record about this id.
      return unavailable(out.refusal.text, Date.now())
    case 'unavailable':
      return unavailable(out.reason, out.since, out.executed, out.id)
    default:
      return out satisfies never
  }
}

function call(peer: Peer, key: string, command: Command): Promise<RegisterOutcome> {
  const { put, cas, add } = peer.role(register)
  const options = { deadlineMs: ANSWER_MS, ...(command.id === undefined ? {} : { id: command.id }) }
  switch (command.op) {
    case 'put':
      return put({ key, json: command.json }, options)
    case 'cas':
      return cas({ key, from: command.from, to: command.to }, options)
    case 'add':
      return add({ key, by: command.by }, options)
    default:
      return command satisfies never
  }
}

export async function readRegister(
  peer: Peer,
  key: string,
  consistency: 'linearizable' | 'local',
): Promise<Answer> {
  const since = Date.now()
  try {
    const json = read(await peer.read(register, { consistency, deadlineMs: ANSWER_MS }), key)
    if (json === undefined) return wrong(404, `The register ${JSON.stringify(key)} was never written.`)
    return { status: 200, body: { ok: true, value: readValue(json) } }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return unavailable(peer.status().waitingFor ?? why, since)
  }
}

/** Only the server can hand over, so every other member passes the request on to it. */
export async function transfer(peer: Peer, to: string | null, passedOn: boolean): Promise<Answer> {
  const { self, server, members, waitingFor } = peer.status()
  const found = members.filter(({ id, name }) => to === null || id === to || name === to)
  if (to !== null && found.length !== 1) {
    const names = members.map(({ name }) => name).join(', ')
    throw new BadRequest(
      `"to" is "${to}", which is not the id or the name of one member; there are ${names}.`,
    )
  }
  const target = to === null ? null : (found[0]?.id ?? null)
  if (server === null) return unavailable(waitingFor ?? 'Nobody serves.', Date.now())
  if (server.id === self.id) {
    try {
      await peer.transfer(target ?? undefined)
      return { status: 200, body: { ok: true } }
    } catch (error) {
      return refused(error instanceof Error ? error.message : String(error))
    }
  }
  if (passedOn) return unavailable('The server has just changed; ask again.', Date.now())
  return passOn([server.address], 'POST', '/v1/transfer', { to: target })
}

/** What `GET /v1/status` shows, no more and no less. */
export interface ShownStatus
  extends Pick<
    PeerStatus,
    'self' | 'mode' | 'role' | 'server' | 'successors' | 'term' | 'commitIndex' | 'lastIndex' | 'waitingFor'
  > {
  readonly members: readonly Pick<
    Member,
    'id' | 'name' | 'address' | 'incarnation' | 'seniority' | 'voter' | 'reachable'
  >[]
}

export function statusOf(status: PeerStatus): ShownStatus {
  const { self, mode, role, server, successors, term, commitIndex, lastIndex, waitingFor } = status
  const members = status.members.map(({ id, name, address, incarnation, seniority, voter, reachable }) => ({
    id,
    name,
    address,
    incarnation,
    seniority,
    voter,
    reachable,
  }))
  return { self, mode, role, server, successors, term, commitIndex, lastIndex, members, waitingFor }
}
