import { campaignTests, keptTests } from './campaign-tests.js'

keptTests(2, 2)
// A pair, with all that its exceptions to majority allow.
campaignTests({ peers: 2, runs: 25, seed: 71 })
