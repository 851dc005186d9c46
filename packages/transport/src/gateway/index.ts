export { readJson, sendJson } from './http.js'
export type { JsonBody, ReadJsonOptions } from './http.js'
export { openPort, refuseUpgrade } from './port.js'
export type { Porch, Port, PortHandlers, PortRoutes, UpgradeListener } from './port.js'
