import { campaignTests, keptTests } from './campaign-tests.js'

keptTests(7, 9)
// Five voters and two learners.
campaignTests({ peers: 7, runs: 40, seed: 31 })
