// The layer check: `node scripts/layers.mjs [ROOT]`. Prints each import or use that breaks a rule of
// layers/rules.mjs as `file:line: sentence`; exit code 1 when there is one, or when nothing was looked at.
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkLayers } from './layers/check.mjs'

const root = process.argv[2] ?? join(dirname(fileURLToPath(import.meta.url)), '..')
const { files, imports, problems } = checkLayers(root)
for (const { file, line, text } of problems) console.error(`${file}:${line}: ${text}`)
console.log(`Layers: looked at ${files} files with ${imports} imports, found ${problems.length} problems.`)
if (files === 0 || imports === 0)
  console.error('The layer check saw no imports at all, so it proves nothing.')
process.exitCode = problems.length > 0 || files === 0 || imports === 0 ? 1 : 0
