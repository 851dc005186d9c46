export type * from './types.js'
export { largeDefaults, membershipDefaults } from './limits.js'
export { stepMembership } from './machine.js'
export { createMembership, type Membership } from './state.js'
