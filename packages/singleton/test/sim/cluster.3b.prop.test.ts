import { campaignTests } from './campaign-tests.js'

campaignTests({ peers: 3, runs: 250, seed: 12 })
