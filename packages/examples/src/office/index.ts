// What the shop shares with the office: pages that update by themselves.
export { Live } from './live.js'
export { loadPage } from './page/load.js'
export type { Page, PageFile, PageParts } from './page/load.js'
export { style } from './page/style.js'
export { ports } from './ports.js'
export type { Ports } from './ports.js'
export { welcome } from './welcome.js'
