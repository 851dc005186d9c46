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
