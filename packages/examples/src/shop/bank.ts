/** What is known of a charge for ever. `voided`: no money moves under this key any more, what had moved is back. */
export type Charged = 'charged' | 'declined' | 'voided'

export interface Charge {
  /** Chosen by the caller: however often it is sent, money moves once. And every answer is the same. */
  readonly key: string
  readonly cents: number
}

/** A payment service: the one thing here that is in no journal. It throws when it is not known what happened. */
export interface Bank {
  charge(charge: Charge, signal: AbortSignal): Promise<Charged>
  /** Ends a charge, whatever has become of it; pays back if need be. */
  voidCharge(key: string, signal: AbortSignal): Promise<void>
}

/** Over HTTP; see payment-service.ts for the other end. */
export function bankAt(url: string): Bank {
  const ask = async (key: string, request: RequestInit): Promise<Charged> => {
    const response = await fetch(new URL(`/charges/${encodeURIComponent(key)}`, url), request)
    if (response.status !== 200) throw new Error(`The payment service answered ${response.status}.`)
    return ((await response.json()) as { state: Charged }).state
  }
  return {
    charge: ({ key, cents }, signal) => ask(key, { method: 'PUT', body: JSON.stringify({ cents }), signal }),
    voidCharge: async (key, signal) => void (await ask(key, { method: 'DELETE', signal })),
  }
}
