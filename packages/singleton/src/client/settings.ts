import type { Address } from '@tanist/core'
import type { AnyRole } from '../role/index.js'
import { isDialable } from './addresses.js'
import { ConnectError } from './errors.js'
import { BUFFER_BYTES, BUFFER_MAX } from './limits.js'
import type { ClientSettings, ReconnectTiming } from './types.js'

export interface CheckedClient {
  readonly app: string
  readonly roles: readonly AnyRole[]
  readonly addresses: readonly Address[]
  readonly name: string | null
  readonly level: 'trusted' | 'stray'
  readonly token: string | null
  readonly session: string | null
  readonly bufferMax: number
  readonly bufferBytes: number
  readonly reconnect: ReconnectTiming
}

export const defaultReconnect: ReconnectTiming = {
  firstMs: 250,
  baseMs: 250,
  maxMs: 20_000,
  stableMs: 5_000,
  silenceMs: 25_000,
}

const TEXT_MAX = 200
const TOKEN_MAX = 4_096

/** Throws `ConnectError('option')` with a sentence that names the option and the allowed values. */
export function checkClient(settings: ClientSettings, hasSecret: boolean): CheckedClient {
  const { app, roles = [], addresses = [], name = null, token = null, session = null } = settings
  const { level = hasSecret ? 'trusted' : 'stray' } = settings
  if (typeof app !== 'string' || !/^[a-z0-9][a-z0-9.-]{0,63}$/.test(app))
    throw wrong(
      'app',
      app,
      '1 to 64 lower-case letters, digits, dots or dashes, beginning with a letter or digit',
    )
  checkRoles(roles)
  if (!Array.isArray(addresses)) throw wrong('addresses', addresses, "a list of 'host:port'")
  for (const address of addresses)
    if (!isDialable(address)) throw wrong('addresses', address, "'host:port' with a port from 1 to 65535")
  if (name !== null && !isText(name, TEXT_MAX))
    throw wrong('name', name, `a text of 1 to ${TEXT_MAX} characters`)
  if (level !== 'trusted' && level !== 'stray') throw wrong('level', level, "'trusted' or 'stray'")
  if (token !== null && !isText(token, TOKEN_MAX))
    throw new ConnectError(
      'option',
      `The option token is not allowed as it is; allowed is a text of 1 to ${TOKEN_MAX} characters.`,
    )
  if (session !== null && !(typeof session === 'string' && /^[0-9a-f]{32}$/.test(session)))
    throw wrong('session', session, '32 hexadecimal digits in lower case, as the id of a client has them')
  const { bufferMax = BUFFER_MAX, bufferBytes = BUFFER_BYTES } = settings
  checkCount('bufferMax', bufferMax)
  checkCount('bufferBytes', bufferBytes)
  if (typeof settings.reconnect !== 'object' && settings.reconnect !== undefined)
    throw wrong('reconnect', settings.reconnect, 'an object of milliseconds')
  const reconnect = { ...defaultReconnect, ...settings.reconnect }
  checkTiming(reconnect)
  return { app, roles, addresses, name, level, token, session, bufferMax, bufferBytes, reconnect }
}

function checkRoles(roles: unknown): void {
  if (!Array.isArray(roles)) throw wrong('roles', roles, 'a list of what role(...) returned')
  const seen = new Set<string>()
  for (const [at, one] of roles.entries()) {
    const { name, commands } = (one ?? {}) as { readonly name?: unknown; readonly commands?: unknown }
    if (typeof name !== 'string' || typeof commands !== 'object')
      throw wrong(`roles[${at}]`, one, 'what role(...) returned')
    if (seen.has(name)) throw new ConnectError('option', `The option roles has two roles called '${name}'.`)
    seen.add(name)
  }
}

function checkTiming(timing: ReconnectTiming): void {
  for (const [field, value] of Object.entries(timing)) {
    if (!Object.hasOwn(defaultReconnect, field))
      throw new ConnectError(
        'option',
        `The option reconnect has no field '${field}'; it has ${Object.keys(defaultReconnect).join(', ')}.`,
      )
    const least = field === 'maxMs' || field === 'silenceMs' || field === 'baseMs' ? 1 : 0
    if (!(typeof value === 'number' && value >= least && value <= DAY_MS))
      throw wrong(`reconnect.${field}`, value, `a number of milliseconds from ${least} to ${DAY_MS}`)
  }
  if (timing.maxMs < timing.baseMs)
    throw wrong('reconnect.maxMs', timing.maxMs, `at least reconnect.baseMs, which is ${timing.baseMs}`)
}

const DAY_MS = 86_400_000

function checkCount(option: string, value: unknown): void {
  if (!(Number.isSafeInteger(value) && Number(value) >= 0))
    throw wrong(option, value, 'a whole number, 0 or more')
}

function isText(value: unknown, most: number): boolean {
  return typeof value === 'string' && value.length >= 1 && value.length <= most
}

function wrong(option: string, value: unknown, allowed: string): ConnectError {
  return new ConnectError('option', `The option ${option} is ${show(value)}; allowed is ${allowed}.`)
}

function show(value: unknown): string {
  try {
    return (JSON.stringify(value) ?? String(value)).slice(0, 100)
  } catch {
    return typeof value
  }
}
