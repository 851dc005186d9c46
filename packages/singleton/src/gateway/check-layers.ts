import { JoinError } from '../peer/index.js'
import type { GatewayPart, LayerSettings } from './types.js'

export const PARTS: readonly GatewayPart[] = ['manifest', 'health', 'metrics', 'roles', 'clients']
const LAYERS_MAX = 16

/** Throws `JoinError('option')` with a sentence that names the option and what is allowed. */
export function checkLayers(layers: readonly LayerSettings[]): void {
  if (!Array.isArray(layers) || layers.length > LAYERS_MAX)
    throw wrong('layers', layers, `a list of at most ${LAYERS_MAX} layers`)
  const names = new Set<string>()
  for (const [at, layer] of layers.entries()) {
    const option = `layers[${at}]`
    checkLayer(option, layer)
    if (names.has(layer.name)) throw wrong(`${option}.name`, layer.name, 'a name of its own for each layer')
    names.add(layer.name)
  }
}

function checkLayer(option: string, layer: LayerSettings): void {
  const { name, listen, advertise, accepts, certificate, serves } = layer
  if (typeof name !== 'string' || !/^[a-z0-9-]{1,32}$/.test(name) || name === 'main')
    throw wrong(`${option}.name`, name, "1 to 32 of a-z, 0-9 and -, and not 'main'")
  if (!isAddress(listen, 0))
    throw wrong(`${option}.listen`, listen, 'host:port with a port from 0 to 65535, for example 0.0.0.0:8080')
  if (advertise !== undefined && !isAddress(advertise, 1))
    throw wrong(`${option}.advertise`, advertise, 'host:port with a port from 1 to 65535')
  checkSome(`${option}.accepts`, accepts, ['trusted', 'stray'])
  checkSome(`${option}.serves`, serves, PARTS)
  if (certificate === undefined) return
  for (const part of ['cert', 'key'] as const)
    if (typeof certificate[part] !== 'string' || !certificate[part].includes('-----BEGIN '))
      throw new JoinError('option', `The option ${option}.certificate.${part} is no PEM text.`)
}

function checkSome(option: string, given: readonly string[] | undefined, allowed: readonly string[]): void {
  if (given === undefined) return
  const fits = Array.isArray(given) && given.length > 0 && given.every((one) => allowed.includes(one))
  if (!fits) throw wrong(option, given, `one or more of ${allowed.map((one) => `'${one}'`).join(', ')}`)
}

function isAddress(address: unknown, leastPort: number): boolean {
  if (typeof address !== 'string') return false
  const port = /^(?:\[[0-9a-fA-F:.]+\]|[^\s:[\]]+):(\d{1,5})$/.exec(address)?.[1]
  return port !== undefined && Number(port) <= 65_535 && Number(port) >= leastPort
}

function wrong(option: string, value: unknown, allowed: string): JoinError {
  return new JoinError('option', `The option ${option} is ${JSON.stringify(value)}; allowed is ${allowed}.`)
}
