// The role of the processes here, and of the client that counts on them: every mark once, in order.
import { persist, refuse, role } from '../../dist/index.js'

export const tally = role('tally', {
  state: () => ({ marks: [] }),
  events: { marked: (s, e) => ({ marks: [...s.marks, e.mark] }) },
  commands: {
    mark: (s, c, on) =>
      s.marks.includes(c.mark)
        ? refuse({ code: 'twice' })
        : persist(on.marked(c)).reply((next) => next.marks.length),
  },
})
