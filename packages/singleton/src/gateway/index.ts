export { checkLayers } from './check-layers.js'
export { Door } from './door.js'
export type { DoorOptions } from './door.js'
export type {
  Authenticate,
  AuthenticatedAs,
  GatewayPart,
  Headers,
  HttpAnswer,
  HttpAsked,
  LayerSettings,
  Manifest,
  ManifestMember,
} from './types.js'
