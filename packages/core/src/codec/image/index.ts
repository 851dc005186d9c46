export { digestOf } from './digest.js'
export { ImageReader } from './reader.js'
export { ImageWriter } from './writer.js'
