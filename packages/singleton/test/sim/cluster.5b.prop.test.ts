import { campaignTests } from './campaign-tests.js'

campaignTests({ peers: 5, runs: 250, seed: 22 })
