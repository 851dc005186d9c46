export { checkBySearch } from './search.js'
export type { SearchOptions } from './search.js'
export type { Linearizable, LinearizabilityVerdict, Model, Op, WitnessedOp } from './types.js'
export { checkByWitness } from './witness.js'
