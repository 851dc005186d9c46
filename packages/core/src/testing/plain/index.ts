export type {
  PlainCodec,
  PlainContext,
  PlainNode,
  PlainOptions,
  PlainQuality,
  PlainQualityChange,
  PlainState,
} from './types.js'
export { PlainWorld } from './world.js'
export { TimingWheel, WheelEvent } from './wheel.js'
