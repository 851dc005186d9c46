export { rehearse } from './rehearse.js'
