export { readJson, sendJson } from './gateway/index.js'
export type { JsonBody, ReadJsonOptions, UpgradeListener } from './gateway/index.js'
export { eventLoopLoad, jsonLog, nodeDisk, nodeHost } from './node-host/index.js'
export type { JsonLogOptions, NodeHostOptions } from './node-host/index.js'
