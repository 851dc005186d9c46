export { Fleet } from './fleet.js'
export type { Observation } from './observation.js'
export type { FleetNetwork, FleetOptions, Load, Removal } from './types.js'
