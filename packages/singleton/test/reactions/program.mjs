// A peer with orders that are paid at a bank: `node program.mjs JSON` with { bank } and what `startPeer` gets. Says on
// standard output, a line each, its address, `joined`, `serves` and the orders that are paid; a line `place ID` on
// standard input places an order. Stops on SIGTERM, and when whoever started it is gone.
import { createInterface } from 'node:readline'
import { persist, role, startPeer } from '../../dist/index.js'

const { bank, ...given } = JSON.parse(process.argv[2])
const books = role('books', {
  state: () => ({ booked: [] }),
  events: { booked: (s, e) => ({ booked: [...s.booked, e.id] }) },
  commands: { book: (_s, c, on) => persist(on.booked(c)).reply((next) => next.booked.length) },
})
const orders = role('orders', {
  state: () => ({ paid: [], late: [] }),
  events: {
    placed: (s) => s,
    paid: (s, e) => ({ ...s, paid: [...s.paid, e] }),
  },
  commands: {
    place: (_s, c, on) => persist(on.placed(c)),
    pay: (_s, c, on) => persist(on.paid(c)),
  },
  reactions: {
    placed: {
      backoffMs: 50,
      run: async ({ id }, ctx) => {
        const booked = await ctx.role(books).book({ id }).value()
        const body = JSON.stringify({ id, key: ctx.id, token: ctx.token, attempt: ctx.attempt, by: given.name })
        const answer = await fetch(bank, { method: 'POST', body, signal: ctx.signal })
        if (!answer.ok) throw new Error(`the bank said ${answer.status}`)
        await ctx.own.pay({ id, booked }).value()
      },
    },
  },
})

const peer = await startPeer({
  app: 'orders',
  roles: [books, orders],
  listen: '127.0.0.1:0',
  timing: { settleMs: 10_000 },
  log: { write: (level, event, text) => level === 'error' && console.error(event, text) },
  ...given,
})
process.on('SIGTERM', () => void peer.stop())
process.stdin.on('end', () => process.exit(1))
createInterface({ input: process.stdin }).on('line', (line) => {
  if (line.startsWith('place ')) void peer.role(orders).place({ id: line.slice(6) })
})
console.log(peer.address)
await peer.joined
console.log('joined')
let said = ''
const say = (line) => {
  if (line !== said) console.log((said = line))
}
peer.role(orders).state$.subscribe(({ paid }) => say(`paid ${JSON.stringify(paid)}`))
peer.server$.subscribe(({ server }) => server?.id === peer.id && console.log('serves'))
process.exitCode = (await peer.stopped) === null ? 0 : 1
process.stdin.destroy()
