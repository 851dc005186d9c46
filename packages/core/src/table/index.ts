export type { TableChanges } from './changes.js'
export type { Key as TableKey } from './nodes.js'
export type { TableBuilder } from './table.js'
export { Table, table } from './table.js'
