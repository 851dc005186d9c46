import { JoinError } from './errors.js'

/** As transport's `DiscoverySettings`; checked here so that all options are refused in one way. */
export interface FindingSettings {
  readonly port?: number
  readonly interfaces?: { readonly include?: readonly string[]; readonly exclude?: readonly string[] }
  readonly broadcast?: boolean
  readonly sweep?: boolean
  readonly ranges?: readonly string[]
}

const KNOWN = ['port', 'interfaces', 'broadcast', 'sweep', 'ranges']
/** Addresses of all ranges together. */
const RANGED_MAX = 1_024

/** Throws `JoinError('option')` with a sentence that names the setting and the allowed values. */
export function checkFinding(given: unknown): false | FindingSettings {
  if (given === false) return false
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw wrong('discovery', given, 'false or an object of settings')
  const strange = Object.keys(given).find((key) => !KNOWN.includes(key))
  if (strange !== undefined)
    throw new JoinError(
      'option',
      `The option discovery.${strange} is unknown; there are ${KNOWN.join(', ')}.`,
    )
  const settings: FindingSettings = given
  const { port, broadcast, sweep, interfaces, ranges = [] } = settings
  if (port !== undefined && !(Number.isSafeInteger(port) && port >= 1 && port <= 65_535))
    throw wrong('discovery.port', port, 'a whole number from 1 to 65535')
  for (const [key, value] of Object.entries({ broadcast, sweep }))
    if (value !== undefined && typeof value !== 'boolean')
      throw wrong(`discovery.${key}`, value, 'true or false')
  checkInterfaces(interfaces)
  checkRanges(ranges)
  return settings
}

function checkInterfaces(interfaces: unknown): void {
  if (interfaces === undefined) return
  const allowed = 'an object with include, exclude or both: lists of names or addresses of interfaces'
  if (typeof interfaces !== 'object' || interfaces === null)
    throw wrong('discovery.interfaces', interfaces, allowed)
  for (const [key, list] of Object.entries(interfaces) as [string, unknown][]) {
    const fine = Array.isArray(list) && list.every((one) => typeof one === 'string' && one !== '')
    if (!fine || !['include', 'exclude'].includes(key))
      throw wrong(`discovery.interfaces.${key}`, list, allowed)
  }
}

function checkRanges(ranges: unknown): void {
  const allowed = `a list of ranges as 10.1.2.0/24:7101 or 10.1.2.7:7101, of ${RANGED_MAX} addresses at most together`
  if (!Array.isArray(ranges)) throw wrong('discovery.ranges', ranges, allowed)
  let addresses = 0
  for (const range of ranges as unknown[]) {
    const parts =
      typeof range === 'string' ? /^((?:\d{1,3}\.){3}\d{1,3})(?:\/(\d{1,2}))?:(\d{1,5})$/.exec(range) : null
    const bits = Number(parts?.[2] ?? 32)
    const port = Number(parts?.[3])
    const bytes = parts?.[1]?.split('.').map(Number) ?? []
    if (parts === null || bits > 32 || bytes.some((byte) => byte > 255) || port < 1 || port > 65_535)
      throw wrong('discovery.ranges', range, allowed)
    addresses += 2 ** (32 - bits)
  }
  if (addresses > RANGED_MAX)
    throw new JoinError(
      'option',
      `The option discovery.ranges names ${addresses} addresses; allowed are ${RANGED_MAX}.`,
    )
}

function wrong(option: string, value: unknown, allowed: string): JoinError {
  return new JoinError('option', `The option ${option} is ${JSON.stringify(value)}; allowed is ${allowed}.`)
}
