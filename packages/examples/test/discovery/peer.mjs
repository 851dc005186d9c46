// One peer for the tests beside it: says what its status is and what it logged, once in a while and whenever asked.
import { persist, role, startPeer } from '@tanist/singleton'

const count = role('count', {
  state: () => ({ n: 0 }),
  events: { added: (state) => ({ n: state.n + 1 }) },
  commands: { add: (_state, _none, on) => persist(on.added()).reply((next) => next.n) },
})

const log = []
const write = (level, event, text, data = {}) => void log.push({ level, event, text, data })
const peer = await startPeer({ roles: [count], log: { write }, ...JSON.parse(process.argv[2] ?? '{}') })
const tell = (more) => process.connected && process.send?.({ status: peer.status(), log, ...more })
process.on('disconnect', () => process.exit(0))
process.on('message', async (asked) => {
  if (asked === 'add') return tell({ added: await peer.role(count).add() })
  if (asked === 'leave') await peer.leave()
  tell()
})
