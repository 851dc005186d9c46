import type { FuzzTarget } from '../campaign.mjs'

export declare const targets: readonly FuzzTarget[]
