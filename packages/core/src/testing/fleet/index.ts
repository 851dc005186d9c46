export { Fleet } from './fleet.js'
export type { Observation } from './observation.js'
export type { FleetNetwork, FleetOptions, Load, Removal } from './types.js'
export { roughWeather, weather, type Weather } from './weather.js'
