import type { Address, ListenFailure } from '@tanist/core'

export function badAddress(address: Address): ListenFailure {
  const text = `Cannot listen on "${address}": write an address as host:port, for example 127.0.0.1:7101.`
  return { code: 'not-allowed', text }
}

/** Why a bind failed, in a sentence that says what to do. */
export function bindFailure(host: string, port: number, error: NodeJS.ErrnoException): ListenFailure {
  if (error.code === 'EADDRINUSE') {
    const text = `Port ${port} on ${host} is in use; stop the program that uses it, or choose another port (0 picks a free one).`
    return { code: 'in-use', text }
  }
  return { code: 'not-allowed', text: `Cannot listen on port ${port} of ${host}: ${advice(error)}` }
}

export function lostFailure(host: string, port: number, error?: Error): ListenFailure {
  const why = error === undefined ? '' : `: ${error.message}`
  return { code: 'lost', text: `The socket on port ${port} of ${host} was lost${why}. Listen again.` }
}

function advice(error: NodeJS.ErrnoException): string {
  if (error.code === 'EACCES' || error.code === 'EPERM') {
    return `this user may not (${error.code}); choose a port of 1024 or above.`
  }
  if (error.code === 'EADDRNOTAVAIL') return `this machine has no such address (${error.code}).`
  return `${error.message}.`
}

/** Without a secret anybody who gets there is a member. */
export function noSecret(host: string): ListenFailure {
  const text =
    `There is no secret, so it listens on loopback alone, and ${host} is not: ` +
    'give every peer the same one, made once with newSecret().'
  return { code: 'not-allowed', text }
}
