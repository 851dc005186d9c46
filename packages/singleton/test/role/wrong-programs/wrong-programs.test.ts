import { describe } from 'vitest'
import { wrongPrograms } from '../../../../core/test/wrong-programs.js'

describe('wrong programs', () => {
  wrongPrograms(import.meta.url, 40)
})
