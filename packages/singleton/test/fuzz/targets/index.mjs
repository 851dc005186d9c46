import { clients } from './client.mjs'
import { codec, envelopes } from './codec.mjs'
import { datagrams } from './datagrams.mjs'
import { frames } from './frames.mjs'
import { listener } from './listener.mjs'
import { insider, peer } from './peer.mjs'
import { handshakes, secrets, tokens } from './trust.mjs'

/** In the order in which they run; shares are of the inputs of a whole campaign. */
export const targets = [
  codec,
  envelopes,
  frames,
  datagrams,
  handshakes,
  tokens,
  secrets,
  clients,
  peer,
  insider,
  listener,
]
