import { campaignTests, keptTests } from './campaign-tests.js'

keptTests(5, 6)
campaignTests({ peers: 5, runs: 250, seed: 21 })
