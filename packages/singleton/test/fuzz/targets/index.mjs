import { codec, envelopes } from './codec.mjs'
import { frames } from './frames.mjs'
import { insider, peer } from './peer.mjs'

/** In the order in which they run; shares are of the inputs of a whole campaign. */
export const targets = [codec, envelopes, frames, peer, insider]
