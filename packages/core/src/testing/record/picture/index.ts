export { picture } from './picture.js'
export type { Contradicting, PictureOptions } from './options.js'
