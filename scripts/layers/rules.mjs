// The rules of the house (see CONTRIBUTING.md) as data. A file is named from `packages/` on.

/** A package may import those on its left. */
export const order = ['core', 'transport', 'singleton', 'examples']

/** Packages that reach the world only through Host. */
export const pure = ['core', 'singleton']

/** In a pure package these come from Host or not at all. */
export const ambient = [
  { what: 'Date.now', pattern: /\bDate\s*\.\s*now\b/g },
  { what: 'the time of now', pattern: /\bnew\s+Date\b(?!\s*\()|\bDate\s*\(\s*\)/g },
  { what: 'Math.random', pattern: /\bMath\s*\.\s*random\b/g },
  { what: 'performance', pattern: /(?<![.\w$])performance\s*\./g },
  { what: 'a timer', pattern: /(?<![.\w$])(?:set|clear)(?:Timeout|Interval|Immediate)\b/g },
  { what: 'queueMicrotask', pattern: /(?<![.\w$])queueMicrotask\b/g },
  { what: 'AbortSignal.timeout', pattern: /\bAbortSignal\s*\.\s*timeout\b/g },
  { what: 'randomness', pattern: /\b(?:randomUUID|randomBytes|getRandomValues)\b/g },
  { what: 'process', pattern: /(?<![.\w$])process\s*\./g },
  { what: 'globalThis', pattern: /(?<![.\w$])globalThis\b/g },
]

/** Modules that one file (or nobody, where `only` is empty) of a package may import. */
export const reserved = [
  {
    name: 'nact',
    only: ['core/src/actor/engine.ts', 'core/src/actor/nact/room.ts'],
    why: 'engine.ts runs on nact, and room.ts runs actors that were written for it; nothing else knows it',
  },
  {
    name: 'fast-check',
    only: ['{package}/src/testing/arbitraries.ts', '{package}/src/testing/property/'],
    why: 'production code must not load fast-check; arbitraries have an entry point of their own',
  },
  {
    name: '@tanist/transport',
    in: 'singleton',
    only: ['singleton/src/join.ts', 'singleton/src/connect.ts', 'singleton/src/node.ts'],
    why: 'the server role runs on any Host; join() and connect() alone choose the one on Node',
  },
  {
    name: '@tanist/core/testing',
    only: ['{package}/src/testing/'],
    why: 'production code must not depend on the simulated world',
  },
]

/** What is let through, each with its reason. A row that nothing needs any more is reported too. */
export const exceptions = [
  {
    file: 'core/src/testing/loop.ts',
    what: 'a timer',
    why: 'runAsync lets real promises settle between two events of virtual time',
  },
  {
    file: 'core/src/testing/determinism.ts',
    what: 'a timer',
    why: 'its second run goes at another real pace, to find what depends on it',
  },
  ...['globalThis', 'process', 'queueMicrotask'].map((what) => ({
    file: 'core/src/testing/guard.ts',
    what,
    why: 'replaces the globals by which a simulated process would leave the world',
  })),
  ...[
    ['node:fs', 'a failing test writes its schedule, trace and picture, and reads kept schedules'],
    ['node:path', 'the same files have paths'],
    ['performance', 'the time that a test may spend on schedules is real time'],
  ].map(([what, why]) => ({ file: 'singleton/src/testing/property/files.ts', what, why })),
  {
    file: 'singleton/src/join.ts',
    what: 'node:http',
    typeOnly: true,
    why: 'the option `http` has the type of a request listener; nothing is loaded',
  },
  {
    file: 'singleton/src/connect.ts',
    what: 'process',
    why: 'the environment may switch discovery off where nothing is given',
  },
  {
    file: 'singleton/src/join.ts',
    what: 'process',
    why: 'the environment may name the default of `listen`, and switch discovery off',
  },
]
