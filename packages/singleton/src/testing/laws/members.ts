import type { History, RecordedMembers } from '../history/index.js'
import { lawFrom } from './build.js'
import type { Law } from './types.js'

/** Promises about what peers tell of each other. */
export const memberLaws: readonly Law[] = [
  lawFrom(
    'S12',
    'No peer ever tells of one member twice, or of two members that are the same process, or of members out of order',
    ({ members, names }: History) => ({
      exercised: members.filter(({ rows }) => rows.length > 1 && names.length > 1).length,
      contradictions: members.flatMap((told) => {
        const text = wrongIn(told)
        return text === null
          ? []
          : [{ text, events: [{ atMs: told.atMs, node: told.node, text: listed(told) }] }]
      }),
    }),
  ),
]

function wrongIn({ node, rows }: RecordedMembers): string | null {
  const twice = rows.find(({ id }, i) => rows.findIndex((row) => row.id === id) < i)
  if (twice) return `${node} told of member ${twice.id.slice(0, 8)} twice`
  const double = rows.find(
    ({ process }, i) => process !== null && rows.findIndex((row) => row.process === process) < i,
  )
  if (double) return `${node} told of two members that are the process ${double.process}`
  const younger = rows.find(({ seniority }, i) => i > 0 && seniority <= (rows[i - 1]?.seniority ?? 0))
  return younger ? `${node} told of the members out of order` : null
}

function listed({ rows }: RecordedMembers): string {
  const each = rows.map(({ id, seniority, process }) => `${process ?? id.slice(0, 8)} (since ${seniority})`)
  return `tells of ${each.join(', ')}`
}
