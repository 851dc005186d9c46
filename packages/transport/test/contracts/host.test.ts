import { describe, it } from 'vitest'
import { hostContract } from '@tanist/core/testing'
import { twoRealHosts } from './offices.js'

describe('the host on Node keeps the contract of a host', () => {
  it.for(hostContract(twoRealHosts))('$name', ({ run }, { skip }) => run(skip))
})
