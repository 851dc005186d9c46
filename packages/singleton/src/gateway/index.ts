export { checkLayers } from './check-layers.js'
export { Door } from './door.js'
export type { DoorOptions } from './door.js'
export { Speakers } from './authenticate.js'
export type { Asked, Speaker } from './authenticate.js'
export { Desk } from './desk.js'
export type { DeskParts } from './desk.js'
export { sessionOf } from './session.js'
export { checkToken, signToken } from './tokens.js'
export type { TokenKeys, TokenRequest } from './tokens.js'
export type { AddressOn } from './view.js'
export type {
  Authenticate,
  AuthenticatedAs,
  GatewayPart,
  Headers,
  HttpAnswer,
  HttpAsked,
  LayerSettings,
} from './types.js'
export type { Manifest, ManifestMember } from '../client/index.js'
