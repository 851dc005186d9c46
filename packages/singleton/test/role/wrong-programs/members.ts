import {
  applyChange,
  type Member,
  type MembershipChange,
  owner,
  type Peer,
  replicas,
  ring,
} from '@tanist/singleton'
import { match } from 'ts-pattern'

// What watches members, speaks of itself and shares out keys.

declare const peer: Peer
declare const members: readonly Member[]

peer.announce({ version: '2.0', load: 0.5, clients: 3, tags: { room: '3' }, roles: ['print'] })
peer.announce({ version: null, tags: null })
// @ts-expect-error TS2322 a number for a version
peer.announce({ version: 2 })
// @ts-expect-error TS2353 a field that there is not
peer.announce({ colour: 'red' })
// @ts-expect-error TS2322 a tag is a text
peer.announce({ tags: { room: 3 } })
// @ts-expect-error TS2322 only join measures by itself
peer.announce({ load: 'auto' })

peer.membership$.subscribe((change) => {
  // @ts-expect-error TS2339 a snapshot has many members
  void change.member
  if (change.kind === 'removed') console.log(change.member.name, change.why)
  // @ts-expect-error TS2339 only an end has a reason
  if (change.kind === 'joined') console.log(change.why)
  // @ts-expect-error TS2367 no change is called so
  if (change.kind === 'died') console.log(change)
})
export const words = (change: MembershipChange): string =>
  match(change)
    .with({ kind: 'snapshot' }, (all) => `${all.members.length} members`)
    .with({ kind: 'changed' }, ({ member, what }) => `${member.name}: ${what.join(', ')}`)
    .with({ kind: 'left' }, { kind: 'removed' }, ({ member, why }) => `${member.name}: ${why}`)
    .with({ kind: 'joined' }, { kind: 'returned' }, ({ member }) => member.name)
    .with({ kind: 'suspected' }, { kind: 'cleared' }, ({ member }) => member.state)
    .exhaustive()
export const after: readonly Member[] = applyChange(members, { kind: 'snapshot', members: [] })
// @ts-expect-error TS2367 a state that there is not
export const silent: boolean = members.some((one) => one.state === 'silent')
// @ts-expect-error TS2540 what members say is theirs
members[0]!.about!.load = 0

export const row: Member = owner(members, 'room 3')
export const name: string = owner(['ann', 'bob'], 'room 3')
export const two: Member[] = replicas(members, 'room 3', 2)
export const heavy: { id: string; weight: number } = ring([{ id: 'ann', weight: 2 }]).owner('room 3')
// @ts-expect-error TS2345 a key is a text
owner(members, 3)
// @ts-expect-error TS2554 how many?
replicas(members, 'room 3')
// @ts-expect-error TS2353 a member of a view has an id
ring([{ name: 'ann' }])
// @ts-expect-error TS2322 a weight is a number
ring([{ id: 'ann', weight: '2' }])
// @ts-expect-error TS2322 the owner is one of the view
export const wrong: string = owner(members, 'room 3')
