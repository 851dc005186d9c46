// Handshakes as a machine, tokens and secrets: whatever is said, nobody is let in who has not the key.
import { CodecError } from '@tanist/core'
import { checkToken, signToken } from '../../../dist/gateway/tokens.js'
import { startHandshake, stepHandshake } from '../../../../transport/dist/trust/handshake.js'
import { keyRing } from '../../../../transport/dist/trust/key-ring.js'
import { tokenKeys } from '../../../../transport/dist/trust/token-keys.js'
import { Finding } from '../campaign.mjs'
import { below, mutateBytes, mutateJson, pick } from '../mutate.mjs'

const SECRET = `tanist_${'a'.repeat(43)}`
const side = (name, key, nonce) => ({
  side: name,
  app: 'fuzz',
  level: 'member',
  keyId: '01020304',
  key,
  exporter: 'ee'.repeat(32),
  nonce,
  remote: '127.0.0.1:1',
})

/** What two honest sides say to each other. */
function spoken(key) {
  const dialler = side('dialler', key, '11'.repeat(16))
  const listener = side('listener', key, '22'.repeat(16))
  const said = []
  let [d, l] = [startHandshake(dialler), startHandshake(listener)]
  for (let i = 0; i < 4; i++) {
    for (const effect of d.effects) {
      if (effect.kind !== 'send') continue
      said.push(effect.text)
      l = stepHandshake(listener, l.state, { kind: 'frame', text: effect.text })
    }
    d = { ...d, effects: [] }
    for (const effect of l.effects) {
      if (effect.kind !== 'send') continue
      said.push(effect.text)
      d = stepHandshake(dialler, d.state, { kind: 'frame', text: effect.text })
    }
    l = { ...l, effects: [] }
  }
  return said
}

export const handshakes = {
  name: 'handshakes',
  share: 0.04,
  open: () => {
    const known = spoken(new Uint8Array(32).fill(1))
    // Another key than that of what was recorded: whatever is replayed or spoilt, it must not open.
    const key = new Uint8Array(32).fill(2)
    return {
      draw: (random) => {
        const frames = Array.from({ length: 1 + below(random, 4) }, () => {
          const text = pick(random, known)
          const how = random.next()
          if (how < 0.3) return text
          if (how < 0.7) return JSON.stringify(mutateJson(JSON.parse(text), random)) ?? ''
          return Buffer.from(mutateBytes(Buffer.from(text), random)).toString()
        })
        return { as: pick(random, ['dialler', 'listener']), frames }
      },
      take: ({ as, frames }) => {
        const self = side(as, key, '33'.repeat(16))
        let step = startHandshake(self)
        let ends = 0
        for (const text of frames) {
          step = stepHandshake(self, step.state, { kind: 'frame', text })
          for (const effect of step.effects) {
            if (effect.kind === 'opened') throw new Finding('trust', 'it opened without the key')
            if (effect.kind === 'rejected') {
              ends++
              if (effect.code === '' || effect.text.length < 10)
                throw new Finding('code', 'refused without a sentence')
              if (effect.text.length > 1_000)
                throw new Finding('code', 'a sentence of more than 1,000 characters')
            }
          }
        }
        if (ends > 1) throw new Finding('state', 'rejected twice')
        return ends > 0 ? 'refused' : 'taken'
      },
    }
  },
}

const NOW = 1_790_000_000_000

export const tokens = {
  name: 'tokens',
  share: 0.04,
  open: () => {
    const keys = tokenKeys(keyRing('fuzz', [SECRET]))
    const good = [{}, { user: 'ann' }, { user: 'a.b%c\ud83d\ude00' }, { level: 'trusted', user: 'bob' }].map(
      (request) => signToken(keys, { ttlMs: 60_000, ...request }, NOW),
    )
    return {
      draw: (random) => {
        const token = pick(random, good)
        const [head, ...parts] = token.split('.')
        const how = random.next()
        if (how < 0.5) return { token: Buffer.from(mutateBytes(Buffer.from(token), random)).toString() }
        const other = pick(random, good).split('.')
        const at = below(random, parts.length)
        parts[at] =
          how < 0.8 ? other[at + 1] : pick(random, ['', '0', 'zzzzzzzzzzz', 't', '%', '%ZZ', '..', '\ud800'])
        return { token: [head, ...parts].join('.') }
      },
      take: ({ token }) => {
        const check = checkToken(keys, token, NOW)
        if (!check.ok) {
          if (!check.text.endsWith('.')) throw new Finding('code', 'refused without a sentence')
          return 'refused'
        }
        if (!good.includes(token)) throw new Finding('trust', 'a token that nobody signed is taken')
        return 'taken'
      },
    }
  },
}

/** Weak, long and strange secrets: a sentence, or a key. Few of them, for each costs 30 ms of stretching. */
export const secrets = {
  name: 'secrets',
  share: 0.0001,
  open: () => ({
    draw: (random) => {
      const bytes = mutateBytes(Buffer.from(SECRET), random)
      const whole = pick(random, [
        '',
        'x',
        ' '.repeat(20),
        'ä'.repeat(20),
        '\ud800'.repeat(16),
        'x'.repeat(10_000),
      ])
      return { secret: random.next() < 0.5 ? Buffer.from(bytes).toString() : whole }
    },
    take: ({ secret }) => {
      try {
        keyRing('fuzz', [SECRET, secret])
        return 'taken'
      } catch (error) {
        if (error instanceof RangeError && !(error instanceof CodecError) && error.message.endsWith('.'))
          return 'refused'
        throw new Finding('exception', `${String(error)} instead of a sentence`, error)
      }
    },
  }),
}
