import type { RejectCode } from '@tanist/core'
import { certificateId, protocolVersion } from './frames.js'
import type { Card } from './frames.js'

/** A refusal in two sentences: for this side, and for the other one. */
export interface Refusal {
  readonly code: RejectCode
  readonly text: string
  readonly told: string
}

export function otherApplication(
  side: 'dialler' | 'listener',
  mine: string,
  theirs: string,
  remote: string,
): Refusal {
  const [here, there] = [JSON.stringify(mine), JSON.stringify(theirs.slice(0, 256))]
  const [verb, told] = side === 'listener' ? ['asked for', 'asked for'] : ['is', 'are']
  return {
    code: 'application',
    text: `This is application ${here}; the peer at ${remote} ${verb} ${there}.`,
    told: `This is application ${here}; you ${told} ${there}.`,
  }
}

export function otherSecret(remote: string): Refusal {
  return { code: 'secret', text: secretDiffers(remote), told: 'The secret differs from mine.' }
}

export function otherVersion(version: number, remote: string): Refusal {
  const speaks = `This peer speaks version ${protocolVersion} of the link protocol`
  return {
    code: 'version',
    text: `${speaks}; the peer at ${remote} speaks version ${version}. Bring both to the same release.`,
    told: `${speaks}; you speak version ${version}.`,
  }
}

export function secretDiffers(remote: string): string {
  return (
    `The secret differs from that of the peer at ${remote}; ` +
    'start every peer of one cluster with the same secret.'
  )
}

/** Why somebody could not even begin to prove what the card says. */
export function whyNot(
  mine: { readonly app: string; readonly certificates: boolean },
  card: Card,
  remote: string,
): Refusal {
  if (card.app !== mine.app) return otherApplication('listener', mine.app, card.app, remote)
  if (mine.certificates === (card.keyId === certificateId)) return otherSecret(remote)
  const [here, there] = mine.certificates ? ['certificates', 'a secret'] : ['a secret', 'certificates']
  return {
    code: 'secret',
    text: `This peer trusts by ${here}, the peer at ${remote} by ${there}; start every peer of one cluster alike.`,
    told: `I trust by ${here}, you by ${there}; start every peer of one cluster alike.`,
  }
}

/** The sentence for a refusal that the other side decided. */
export function refusedBy(remote: string, code: RejectCode, text: string): string {
  if (code === 'secret' && (text === '' || text === otherSecret(remote).told)) return secretDiffers(remote)
  return `The peer at ${remote} refused the link (${code}): ${text === '' ? 'it gave no reason.' : text}`
}
