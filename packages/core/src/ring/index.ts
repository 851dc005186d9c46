export { hash32, mix32 } from './hash.js'
export { ringAfter, ringBefore, ringOrder } from './neighbours.js'
export { owner, replicas, ring } from './rendezvous.js'
export type { Ring, RingMember, RingRow } from './rendezvous.js'
