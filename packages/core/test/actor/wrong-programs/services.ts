import { type ActorRef, type ActorSystem, type Receives, serviceKey } from '@tanist/core'
import type { Observable } from 'rxjs'

// Services and routers.

declare const system: ActorSystem

interface Printer {
  readonly print: (m: { text: string }) => void
}
interface Copier extends Printer {
  readonly copies: () => number
}
declare const printer: ActorRef<Printer>
declare const copier: ActorRef<Copier>
declare const bell: ActorRef<{ ring: () => void }>
const printers = serviceKey<Printer>('printers')
const copiers = serviceKey<Copier>('copiers')

system.receptionist.register(printers, printer)
system.receptionist.register(printers, copier)
// @ts-expect-error TS2345 it does not understand what the key promises
system.receptionist.register(copiers, printer)
// @ts-expect-error TS2345 another protocol
system.receptionist.register(printers, bell)
// @ts-expect-error TS2345 a text is no key
system.receptionist.register('printers', printer)
// @ts-expect-error TS2345 a text is no ref
system.receptionist.register(printers, 'shop/printer')

export const found: readonly ActorRef<Printer>[] = system.receptionist.find(printers)
// @ts-expect-error TS2322 the key promises less
export const more: readonly ActorRef<Copier>[] = system.receptionist.find(printers)
export const changing: Observable<readonly ActorRef<Printer>[]> = system.receptionist.find$(copiers)
// @ts-expect-error TS2322 the key promises something else
export const bells: Observable<readonly ActorRef<{ ring: () => void }>[]> =
  system.receptionist.find$(printers)

export const any: ActorRef<Printer> = system.router(printers, { strategy: 'least-busy' })
export const fixed: ActorRef<Printer> = system.router<Printer>([printer, copier])
export const followed: ActorRef<Printer> = system.router(system.receptionist.find$(printers))
// @ts-expect-error TS2322 what it sends to understands less
export const copies: ActorRef<Copier> = system.router(printers)
// @ts-expect-error TS2322 no such strategy
system.router(printers, { strategy: 'random' })
// @ts-expect-error TS2322 routees of another protocol
system.router<Printer>([bell])
// @ts-expect-error TS2353 a message that the routees do not understand
any.tell.print({ words: 'x' })
// @ts-expect-error TS2322 a router of named messages takes no union
export const union: ActorRef<Receives<string>> = any
