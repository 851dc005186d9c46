export { discoveryProblem, startDiscovery } from './discovery/index.js'
export type {
  DatagramKey,
  Discovery,
  DiscoveryConfig,
  DiscoveryHooks,
  DiscoverySettings,
  DiscoveryStatus,
  DiscoveryView,
  Found,
} from './discovery/index.js'
export { readJson, sendJson } from './gateway/index.js'
export type {
  Gateway,
  GatewayAnswer,
  GatewayBody,
  GatewayRequest,
  HttpRefusal,
  JsonBody,
  ReadJsonOptions,
  UpgradeListener,
} from './gateway/index.js'
export { isLoopback, keyRing, newSecret, tokenKeys } from './trust/index.js'
export type { Certificates, KeyInfo, KeyRing, Keys, TokenMacs } from './trust/index.js'
export { eventLoopLoad, jsonLog, keepHeapSmall, nodeDisk, nodeHost, processFacts } from './node-host/index.js'
export type { JsonLogOptions, NodeHostOptions, ProcessFacts } from './node-host/index.js'
