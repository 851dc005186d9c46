import type { Manifest } from '../client/index.js'
import type { AnyRole } from '../role/index.js'
import type { Speaker } from './authenticate.js'
import { healthOf } from './health.js'
import { answerCall, unavailable } from './http-call.js'
import { problem, problemWith } from './http-parts.js'
import type { GatewayParts, GatewayPeer, LayerView } from './http-parts.js'
import { answerRead } from './http-read.js'
import type { StateTexts } from './http-read.js'
import { isReadable, manifestFor, offered } from './manifest.js'
import { statusPage } from './page.js'
import { PROMETHEUS_TYPE, prometheusText } from './prometheus.js'
import { StraySessions } from './stray-sessions.js'
import type { GatewayPart, HttpAnswer, HttpAsked } from './types.js'
import { misled } from './welcome.js'

const PREFIX = '/tanist'

/*
 * What a peer answers by HTTP, on each of its layers. All of it is below `/tanist`; where the application answers no
 * HTTP itself, also without that.
 *
 *   GET  /                      a page for people
 *   GET  /manifest              who this is, who serves, who else is there
 *   GET  /health                ready: 200, else 503 with a sentence; /health/live: the process answers
 *   GET  /metrics               in Prometheus' text format
 *   GET  /roles                 roles and their open commands
 *   GET  /roles/ROLE            the state
 *   POST /roles/ROLE/COMMAND    runs a command
 */
type Route =
  | { readonly to: 'page' | 'manifest' | 'health' | 'live' | 'metrics' | 'roles' }
  | { readonly to: 'state'; readonly role: string }
  | { readonly to: 'call'; readonly role: string; readonly command: string }

const PART_OF: Readonly<Record<Route['to'], GatewayPart>> = {
  page: 'manifest',
  manifest: 'manifest',
  health: 'health',
  live: 'health',
  metrics: 'metrics',
  roles: 'roles',
  state: 'roles',
  call: 'roles',
}

export class HttpGateway {
  readonly answers: Map<number, number> = new Map()
  readonly turnedAway: Map<string, number> = new Map()
  readonly #parts: GatewayParts
  readonly #sessions: StraySessions
  readonly #texts: StateTexts = new Map()
  readonly #running = new Set<Promise<unknown>>()
  #isStopping = false

  constructor(parts: GatewayParts) {
    this.#parts = parts
    this.#sessions = new StraySessions(parts.nowMs())
  }

  owns(path: string): boolean {
    return this.#parts.short || path === PREFIX || path.startsWith(`${PREFIX}/`)
  }

  /** Never rejects. */
  async answer(asked: HttpAsked): Promise<HttpAnswer> {
    const running = this.#answer(asked)
    this.#running.add(running)
    const answer = await running
    this.#running.delete(running)
    this.answers.set(answer.status, (this.answers.get(answer.status) ?? 0) + 1)
    return answer
  }

  refused(why: string): void {
    this.turnedAway.set(why, (this.turnedAway.get(why) ?? 0) + 1)
  }

  /** From now on everybody is sent elsewhere; resolves when those under way have their answers. */
  async stop(): Promise<void> {
    this.#isStopping = true
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  async #answer(asked: HttpAsked): Promise<HttpAnswer> {
    const layer = this.#layerOf(asked.layer)
    if (layer === undefined) return this.#elsewhere('This peer is starting.')
    const wrong = misled(asked, layer)
    if (wrong !== null) return wrong
    const route = routeOf(asked.path)
    if (route === null) return problem(404, `Nothing is here; there are ${this.#paths(layer).join(', ')}.`)
    if (!serves(layer, PART_OF[route.to], asked.host))
      return problem(
        404,
        `The layer ${layer.name} does not answer this${route.to === 'metrics' ? ' here' : ''}.`,
      )
    const allow = route.to === 'call' ? 'POST' : 'GET, HEAD'
    if (asked.method === 'OPTIONS') return { status: 204, headers: { allow } }
    if (!allow.split(', ').includes(asked.method)) return problemWith(405, `Use ${allow} here.`, { allow })
    if (route.to === 'live') return { status: 200, body: { ok: true } }
    const peer = this.#parts.peer()
    if (route.to === 'health') return healthOf(peer, this.#isStopping)
    if (peer === null) return this.#elsewhere('This peer is starting.')
    const speaker = await this.#speaker(asked, layer)
    if ('status' in speaker) return speaker
    return this.#route(route, { asked, peer, layer, speaker })
  }

  #route(route: Route, on: Scene): HttpAnswer | Promise<HttpAnswer> {
    const { asked, peer, speaker } = on
    switch (route.to) {
      case 'page':
        return statusPage(this.#manifest(on))
      case 'manifest':
        return { status: 200, body: this.#manifest(on) }
      case 'metrics':
        return { status: 200, text: { type: PROMETHEUS_TYPE, content: this.#metrics(peer) } }
      case 'roles':
        return { status: 200, body: { ok: true, roles: offered(speaker.level, this.#parts.roles) } }
      case 'live':
      case 'health':
        return healthOf(peer, this.#isStopping)
      case 'state':
      case 'call': {
        const role = this.#parts.roles.find(({ name }) => name === route.role)
        if (role === undefined) return this.#unknown(`There is no role '${route.role}'.`, speaker.level)
        if (this.#isStopping || peer.over) return this.#elsewhere('This peer is stopping.')
        if (!peer.joined)
          return this.#elsewhere(peer.status().waitingFor ?? 'This peer looks for its cluster.')
        const nowMs = this.#parts.nowMs()
        if (route.to === 'state') return answerRead({ asked, peer, role, speaker, texts: this.#texts, nowMs })
        const { command } = route
        if (!Object.hasOwn(role.commands, command)) return this.#unknownCommand(role, command, speaker.level)
        return answerCall({ asked, peer, role, command, speaker, sessions: this.#sessions, nowMs })
      }
    }
  }

  /** Absent before the peer listens. */
  #layerOf(name: string): LayerView | undefined {
    return this.#parts.layers().find((layer) => layer.name === name)
  }

  #paths(layer: LayerView): string[] {
    const at = this.#parts.short ? '' : PREFIX
    const paths: readonly (readonly [GatewayPart, string])[] = [
      ['manifest', `${at}/manifest`],
      ['health', `${at}/health`],
      ['metrics', `${at}/metrics`],
      ['roles', `${at}/roles`],
      ['roles', `${at}/roles/ROLE`],
      ['roles', `POST ${at}/roles/ROLE/COMMAND`],
    ]
    return paths.filter(([part]) => layer.serves.includes(part)).map(([, path]) => path)
  }

  async #speaker(asked: HttpAsked, layer: LayerView): Promise<(Speaker & { ok: true }) | HttpAnswer> {
    const token = tokenIn(asked)
    const challenge = { 'www-authenticate': 'Bearer' }
    if (token === undefined)
      return problemWith(401, 'The header Authorization has the form "Bearer TOKEN".', challenge)
    const { headers } = asked
    const speaker = await this.#parts.speaker(
      { token, level: 'stray', layer: layer.name, headers },
      this.#parts.nowMs(),
    )
    if (!speaker.ok)
      return problemWith(401, speaker.text, { 'www-authenticate': 'Bearer error="invalid_token"' })
    if (layer.accepts.includes(speaker.level)) return speaker
    const text = `The layer ${layer.name} lets in ${layer.accepts.join(' and ')} alone.`
    return token === null ? problemWith(401, text, challenge) : problem(403, text)
  }

  #manifest({ peer, speaker }: Scene): Manifest {
    return this.manifest(speaker.level, peer)
  }

  manifest(level: 'trusted' | 'stray', peer: GatewayPeer): Manifest {
    const { app, roles, layers } = this.#parts
    return manifestFor(level, {
      app,
      roles,
      status: peer.status(),
      layers: layers(),
    })
  }

  #metrics(peer: GatewayPeer): string {
    const { app, process } = this.#parts
    return prometheusText({
      app,
      metrics: peer.metrics(),
      status: peer.status(),
      joined: peer.joined,
      process: process(),
      http: { answers: this.answers, refused: this.turnedAway },
    })
  }

  #unknown(text: string, level: 'trusted' | 'stray'): HttpAnswer {
    const names = offered(level, this.#parts.roles).map(({ name }) => name)
    return problem(404, text, { roles: names })
  }

  #unknownCommand(role: AnyRole, command: string, level: 'trusted' | 'stray'): HttpAnswer {
    const isShown = level === 'trusted' || (role.open ?? []).length > 0 || isReadable(role)
    if (!isShown) return this.#unknown(`There is no role '${role.name}'.`, level)
    const commands = level === 'trusted' ? Object.keys(role.commands) : (role.open ?? [])
    return problem(404, `The role '${role.name}' has no command '${command}'.`, { commands })
  }

  #elsewhere(reason: string): HttpAnswer {
    const peer = this.#parts.peer()
    const status = peer === null || peer.over ? null : peer.status()
    const others = (status?.members ?? [])
      .filter(({ id, reachable, state }) => id !== status?.self.id && reachable && state === 'up')
      .map(({ address }) => `http://${address}`)
    return unavailable('no', reason, this.#parts.nowMs(), null, others.slice(0, ELSEWHERE_MAX))
  }
}

/** Members named to whoever has to go elsewhere. */
const ELSEWHERE_MAX = 8

interface Scene {
  readonly asked: HttpAsked
  readonly peer: GatewayPeer
  readonly layer: LayerView
  readonly speaker: Speaker & { readonly ok: true }
}

/** On `main` metrics are for programs of this machine; on other layers for whoever gets in there. */
function serves(layer: LayerView, part: GatewayPart, host: string): boolean {
  if (!layer.serves.includes(part)) return false
  return part !== 'metrics' || layer.name !== 'main' || host === '::1' || host.startsWith('127.')
}

function routeOf(path: string): Route | null {
  const inside = path === PREFIX || path.startsWith(`${PREFIX}/`) ? path.slice(PREFIX.length) : path
  const segments = inside.split('/').slice(1).map(decoded)
  const [first, second, third, ...rest] = segments
  if (segments.includes(undefined) || rest.length > 0) return null
  if (first === undefined || (first === '' && second === undefined)) return { to: 'page' }
  if (first === 'roles' && second !== undefined && second !== '') {
    if (third === undefined) return { to: 'state', role: second }
    return third === '' ? null : { to: 'call', role: second, command: third }
  }
  if (first === 'health' && second === 'live' && third === undefined) return { to: 'live' }
  if (second !== undefined) return null
  return first === 'manifest' || first === 'health' || first === 'metrics' || first === 'roles'
    ? { to: first }
    : null
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}

/** Null: none; undefined: something else. */
function tokenIn({ headers }: HttpAsked): string | null | undefined {
  const { authorization } = headers
  if (authorization === undefined) return null
  const token = typeof authorization === 'string' ? /^bearer +(\S+)$/i.exec(authorization)?.[1] : undefined
  return token
}
