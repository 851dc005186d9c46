import { remoteLimits as limits } from './limits.js'
import type { ActorMessage } from './messages.js'

type Kind = 'count' | 'text' | 'place' | 'parcel' | 'flag' | 'ending' | 'offers'

const forms: ReadonlyMap<string, readonly (readonly [name: string, kind: Kind])[]> = new Map(
  Object.entries({
    tell: { at: 'place', handler: 'text', message: 'parcel' },
    ask: { id: 'count', at: 'place', handler: 'text', message: 'parcel', forMs: 'count' },
    reply: { id: 'count', message: 'parcel' },
    failed: { id: 'count', code: 'text', text: 'text' },
    watch: { at: 'place' },
    unwatch: { at: 'place' },
    ended: { at: 'place', why: 'ending' },
    stop: { at: 'place', id: 'count', drain: 'flag' },
    offers: { offers: 'offers' },
  } as const).map(([t, form]) => [t, Object.entries(form)] as const),
)

/** The message, when it has the form of one. What its value is, is for `unpack` to say. */
export function asActorMessage(json: unknown): ActorMessage | null {
  if (typeof json !== 'object' || json === null) return null
  const fields: Record<string, unknown> = { ...json }
  const form = forms.get(String(fields['t']))
  if (form?.every(([name, kind]) => isKind(fields[name], kind)) !== true) return null
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every field was looked at
  return json as ActorMessage
}

function isKind(value: unknown, kind: Kind): boolean {
  switch (kind) {
    case 'count':
      return isCount(value)
    case 'text':
      return typeof value === 'string'
    case 'flag':
      return typeof value === 'boolean'
    case 'place':
      return isList(value) && value.length === 2 && typeof value[0] === 'string' && isCount(value[1])
    case 'parcel':
      return isParcel(value)
    case 'ending':
      return value === 'stopped' || value === 'failed' || value === 'lost'
    case 'offers':
      return areOffers(value)
  }
}

function isParcel(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('value' in value)) return false
  const refs = 'refs' in value ? value.refs : []
  return isList(refs) && refs.length <= limits.refs && refs.every(isPackedRef)
}

function isPackedRef(value: unknown): boolean {
  if (!isList(value) || value.length !== 2 || typeof value[1] !== 'string') return false
  const path: unknown = value[0]
  return isList(path) && path.every((step) => typeof step === 'string' || isCount(step))
}

function areOffers(value: unknown): boolean {
  if (!isList(value)) return false
  let count = 0
  return value.every((offer: unknown) => {
    if (!isList(offer) || offer.length !== 2) return false
    const [key, refs] = offer
    if (typeof key !== 'string' || key.length > limits.keyLength || !isList(refs)) return false
    count += refs.length
    return count <= limits.offers && refs.every((ref) => typeof ref === 'string')
  })
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value)
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}
