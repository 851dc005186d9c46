import { campaignTests, keptTests } from './campaign-tests.js'

keptTests(1, 4)
campaignTests({ peers: 3, runs: 250, seed: 11 })
