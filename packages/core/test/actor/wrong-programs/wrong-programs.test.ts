import { describe } from 'vitest'
import { wrongPrograms } from '../../wrong-programs.js'

describe('wrong programs', () => {
  wrongPrograms(import.meta.url, 60)
})
