export { hash32, mix32 } from './hash.js'
export { ringAfter, ringBefore, ringOrder } from './neighbours.js'
