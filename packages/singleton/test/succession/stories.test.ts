import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { tell } from './story.js'

/** `UPDATE_STORIES=1` writes what happens into the stories; read the difference before you keep it. */
const folder = fileURLToPath(new URL('.', import.meta.url))
const stories = readdirSync(folder).filter((file) => file.endsWith('.story.txt'))

describe('succession as a transcript', () => {
  it.each(stories)('%s happens as it is written', (file) => {
    const path = join(folder, file)
    const written = readFileSync(path, 'utf8')
    const happened = tell(written)
    if (process.env['UPDATE_STORIES'] === '1') writeFileSync(path, happened)
    else expect(happened).toBe(written)
  })
})
