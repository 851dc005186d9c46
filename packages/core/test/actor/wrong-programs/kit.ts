import { type ActorRef, type ActorSystem, actor, reply } from '@tanist/core'
import { actorTest, crashPoints, effectsOf, effectsOfAsync, type Probe, standIn } from '@tanist/core/testing'

// Tests are programs too.

declare const system: ActorSystem

interface Printer {
  readonly print: (m: { text: string }) => void
  readonly pages: () => number
}
const clerk = (printer: ActorRef<Printer>) =>
  actor({ state: () => 0, on: { sell: (n) => (printer.tell.print({ text: 'x' }), reply(n + 1, n)) } })

const t = actorTest()
export const printer: Probe<Printer> = t.probe<Printer>('printer')
export const bell: Probe<{ ring: () => void }> = t.probe('bell')

system.spawn(clerk(printer.ref), 'clerk')
// @ts-expect-error TS2345 a probe of the wrong protocol
system.spawn(clerk(bell.ref), 'clerk')
// @ts-expect-error TS2740 a probe is no ref
system.spawn(clerk(printer), 'clerk')

export const printed = (await printer.expect('print')).message.text
// @ts-expect-error TS2345 the protocol has no such message
void printer.expect('burn')
// @ts-expect-error TS2339 the message has no such field
void (await printer.expect('print')).message.pages
const asked = await printer.expect('pages')
asked.reply(3)
// @ts-expect-error TS2345 a reply of the wrong type
asked.reply('three')
printer.answer('pages', () => 3)
// @ts-expect-error TS2322 an answer of the wrong type
printer.answer('pages', () => 'three')

export const sold: number | undefined = effectsOf(clerk(printer.ref), 'sell').reply
// @ts-expect-error TS2322 a reply of the wrong type
export const soldText: string | undefined = effectsOf(clerk(printer.ref), 'sell').reply
const echo = actor({ state: () => 0, on: { say: async (n, m: { text: string }) => reply(n, m.text) } })
void effectsOfAsync(echo, 'say', { text: 'hello' })
// @ts-expect-error TS2322 the wrong message
void effectsOfAsync(echo, 'say', { text: 1 })
// @ts-expect-error TS2554 a message is missing
void effectsOfAsync(echo, 'say')

void clerk(standIn<Printer>('printer', { pages: () => 3 }))
// @ts-expect-error TS2322 an answer of the wrong type
void clerk(standIn<Printer>('printer', { pages: () => 'three' }))

system.spawn(crashPoints(echo, [{ in: 'say', call: 1, when: 'before' }]), 'echo').tell.say({ text: '' })
// @ts-expect-error TS2322 no such moment
crashPoints(echo, [{ in: 'say', call: 1, when: 'while' }])
// @ts-expect-error TS2339 the same protocol as before
system.spawn(crashPoints(echo, []), 'echo').tell.shout({ text: '' })
