export type { PlainCodec, PlainContext, PlainNode, PlainOptions, PlainQuality, PlainState } from './types.js'
export { PlainWorld } from './world.js'
