export * from './host/index.js'
export { InvariantError, invariant } from './invariant.js'
export * from './journal/index.js'
export * from './membership/index.js'
