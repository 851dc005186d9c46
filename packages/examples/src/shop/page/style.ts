import { style as office } from '../../office/index.js'

/** The office's look, and what a shop has besides. */
export const style: string = `${office}
table { width: 100%; border-collapse: collapse; }
th, td { text-align: left; padding: .45rem .5rem .45rem 0; border-top: 1px solid var(--rule); overflow-wrap: anywhere; }
thead th { border-top: 0; color: var(--quiet); font-weight: 500; font-size: .8rem; }
td.number, th.number { text-align: right; white-space: nowrap; overflow-wrap: normal; font-variant-numeric: tabular-nums; }
td .acts { display: flex; flex-wrap: wrap; gap: .4rem; justify-content: flex-end; }
.state { font-size: .75rem; line-height: 1.35rem; padding: 0 .5rem; border-radius: 1rem; background: var(--node); white-space: nowrap; }
.state.shipped { background: var(--teal-soft); color: var(--teal); font-weight: 600; }
.state.paid { background: var(--gold); color: var(--gold-ink); font-weight: 600; }
.state.cancelled, .state.expiring { background: var(--red-soft); color: var(--red); }
.card + .card { margin-top: 1.25rem; }
label.range { display: block; margin-top: .75rem; }
label.range input { width: 100%; padding: 0; }
`
