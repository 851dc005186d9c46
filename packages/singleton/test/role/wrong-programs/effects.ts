import { persist, refuse, role, type Schema } from '@tanist/singleton'

// Reactions, due commands, schemas

const parts = {
  state: () => ({ a: 1, at: [1] }),
  events: { set: (s: { a: number; at: number[] }, e: { v: number }) => ({ ...s, a: e.v }) },
  commands: {
    put: (_s: { a: number }, c: { v: number }) => (c.v > 0 ? persist() : refuse({ code: 'no' })),
    sum: (s: { a: number }) => persist().reply(() => s.a),
  },
}
const other = role('other', {
  state: () => 0,
  events: { added: (n, e: { by: number }) => n + e.by },
  commands: { add: (_n, c: { by: number }, on) => persist(on.added(c)).reply((next) => next) },
})
declare const schema: Schema<{ v: number }>

export const right = role('x', {
  ...parts,
  reactions: {
    set: async (e, ctx) => {
      const out = await ctx.role(other).add({ by: e.v })
      if (out.status === 'ok') await ctx.own.put({ v: out.value }).value()
    },
  },
  due: (s, run) => s.at.map((at) => run.put(at, { v: 1 })),
  schemas: { put: schema },
  open: ['put'],
})

// @ts-expect-error TS2561 a reaction to an event that there is not
role('x', { ...parts, reactions: { sett: () => {} } })
// @ts-expect-error TS2322 a reaction that takes another payload
role('x', { ...parts, reactions: { set: (e: { w: string }) => void e.w } })
// @ts-expect-error TS2339 a reaction that looks at a field that there is not
role('x', { ...parts, reactions: { set: (e) => void e.w } })
// @ts-expect-error TS2322 a reaction with options and nothing to run
role('x', { ...parts, reactions: { set: { attempts: 3 } } })
// @ts-expect-error TS2353 an option that there is not
role('x', { ...parts, reactions: { set: { run: () => {}, tries: 3 } } })
// @ts-expect-error TS2322 a lane is a text
role('x', { ...parts, reactions: { set: { run: () => {}, lane: (e) => e.v } } })
// @ts-expect-error TS2551 an own command that there is not
role('x', { ...parts, reactions: { set: async (_e, ctx) => void (await ctx.own.putt({ v: 1 })) } })
// @ts-expect-error TS2345 a role is no name
role('x', { ...parts, reactions: { set: async (_e, ctx) => void (await ctx.role('other').add({ by: 1 })) } })
// @ts-expect-error TS2741 ctx.role of parts that role() has not made
role('x', { ...parts, reactions: { set: (_e, ctx) => void ctx.role(parts) } })
// @ts-expect-error TS2322 another role's command with another input
role('x', { ...parts, reactions: { set: async (_e, ctx) => void (await ctx.role(other).add({ by: '1' })) } })
const call = other.commands.add
// @ts-expect-error TS2339 a role's own functions are no calls
void call.value()
// @ts-expect-error TS2339 a reaction has no state
role('x', { ...parts, reactions: { set: (_e, ctx) => void ctx.state } })
// @ts-expect-error TS2551 a due command that there is not
role('x', { ...parts, due: (_s, run) => [run.putt(1, { v: 1 })] })
// @ts-expect-error TS2322 a due command with another input
role('x', { ...parts, due: (_s, run) => [run.put(1, { v: 'x' })] })
// @ts-expect-error TS2554 a due command without its time
role('x', { ...parts, due: (_s, run) => [run.put({ v: 1 })] })
// @ts-expect-error TS2554 a due command without its input
role('x', { ...parts, due: (_s, run) => [run.put(1)] })
// @ts-expect-error TS2345 a time is a number
role('x', { ...parts, due: (_s, run) => [run.put(new Date(), { v: 1 })] })
// @ts-expect-error TS2322 what is due is a list
role('x', { ...parts, due: (_s, run) => run.put(1, { v: 1 }) })
// @ts-expect-error TS2322 a state is no list of what is due
role('x', { ...parts, due: (s) => s.at })
// @ts-expect-error TS2322 a function is no schema
role('x', { ...parts, schemas: { put: (value: unknown) => value } })
// @ts-expect-error TS2820 opens a command that there is not
role('x', { ...parts, schemas: { put: schema }, open: ['putt'] })
// @ts-expect-error TS2353 a limit that there is not
role('x', { ...parts, limits: { bytes: 5 } })
// @ts-expect-error TS2561 an option that there is not
role('x', { ...parts, reaction: {} })

// Growing old

export const third = role('x', {
  ...parts,
  versions: { set: 3 },
  upcast: {
    set: { 1: (old: { w: number }) => ({ u: old.w }), 2: (old: { u: number }) => ({ v: old.u }) },
  },
})
// @ts-expect-error TS2345 a version without a way up
role('x', { ...parts, versions: { set: 2 } })
// @ts-expect-error TS2322 a version of an event that there is not
role('x', { ...parts, versions: { sett: 1 } })
// @ts-expect-error TS2322 a step is missing
role('x', { ...parts, versions: { set: 3 }, upcast: { set: { 1: (old: { v: number }) => old } } })
// @ts-expect-error TS2322 the last step makes something else than the event takes
role('x', { ...parts, versions: { set: 2 }, upcast: { set: { 1: (old: { w: number }) => old } } })
// @ts-expect-error TS2322 the steps are of no event
role('x', { ...parts, versions: { set: 2 }, upcast: { sett: { 1: (old: { v: number }) => old } } })
// @ts-expect-error TS2345 a state without a way up
role('x', { ...parts, stateVersion: 2 })
// @ts-expect-error TS2322 the way up of the state leads to another state
role('x', { ...parts, stateVersion: 2, upcastState: { 1: (old: { b: number }) => old } })
// @ts-expect-error TS2322 a former name of an event that there is not
role('x', { ...parts, renamed: { put: 'sett' } })
