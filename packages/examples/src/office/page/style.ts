export const style: string = `
:root {
  --paper: #f5f1e8; --card: #fffdf9; --ink: #24211b; --quiet: #67604f; --rule: #e4dccb; --edge: #8f8672;
  --gold: #f2c14e; --gold-ink: #3d2e00; --teal: #1d6b66; --teal-soft: #dcebe7; --red: #a8321f; --red-soft: #f8e4de;
  --node: #efe8d9; --shadow: 0 1px 2px #3d2e0014, 0 8px 24px #3d2e000f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #17181b; --card: #1f2125; --ink: #ece8de; --quiet: #aaa395; --rule: #35373d; --edge: #7d7a72;
    --gold: #e9b949; --gold-ink: #2b2000; --teal: #6cc5bb; --teal-soft: #22403e; --red: #f08a74; --red-soft: #43251f;
    --node: #2c2f35; --shadow: 0 1px 2px #0006;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; max-width: 70rem; padding: 1.5rem clamp(.75rem, 3vw, 2rem) 2rem;
  background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
h1, h2 { font-family: "Iowan Old Style", Palatino, "Palatino Linotype", Georgia, serif; font-weight: 600; margin: 0; }
h1 { font-size: clamp(1.6rem, 4vw, 2.2rem); letter-spacing: -.01em; }
h2 { font-size: 1.25rem; }
p { margin: 0; }
header { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; align-items: baseline; justify-content: space-between; margin-bottom: 1.25rem; }
main { display: grid; gap: 1.25rem; grid-template-columns: minmax(0, 1fr); }
@media (min-width: 56rem) { main { grid-template-columns: minmax(0, 1fr) 25rem; align-items: start; } }
footer { margin-top: 1.5rem; color: var(--quiet); font-size: .875rem; max-width: 44rem; }
.card { background: var(--card); border: 1px solid var(--rule); border-radius: 1rem; padding: clamp(1rem, 2.5vw, 1.5rem); box-shadow: var(--shadow); }
.head { display: flex; flex-wrap: wrap; gap: 0 1rem; align-items: baseline; justify-content: space-between; margin-bottom: .75rem; }
.quiet { color: var(--quiet); font-size: .875rem; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }

.line { display: flex; gap: .5rem; align-items: baseline; color: var(--quiet); font-size: .9rem; }
.dot { flex: none; width: .6rem; height: .6rem; border-radius: 50%; background: var(--teal); }
.line.waiting { color: var(--red); }
.line.waiting .dot { background: var(--red); animation: breathe 1.2s ease-in-out infinite alternate; }
@keyframes breathe { to { opacity: .25; } }

button, input { font: inherit; color: inherit; min-height: 2.75rem; border-radius: .6rem; border: 1px solid var(--rule); background: var(--card); padding: 0 .9rem; }
button { cursor: pointer; font-weight: 500; transition: background .15s, border-color .15s; }
button:hover { border-color: var(--quiet); }
button:focus-visible, input:focus-visible, a:focus-visible { outline: 3px solid var(--teal); outline-offset: 2px; }
button.main { background: var(--teal); border-color: var(--teal); color: var(--card); font-weight: 600; padding: 0 1.25rem; }
button.wide { width: 100%; margin-top: .75rem; border-style: dashed; }
button.harm { color: var(--red); }
button.harm:hover { background: var(--red-soft); border-color: var(--red); }
button[hidden], [hidden] { display: none; }

form { display: flex; gap: .5rem; }
form input { flex: 1; min-width: 0; border-color: var(--edge); }
.refusal { color: var(--red); margin-top: .5rem; }
.notes, .people { list-style: none; margin: .75rem 0 0; padding: 0; }
.notes li { display: flex; align-items: center; gap: .25rem; border-top: 1px solid var(--rule); transition: opacity .2s; }
.notes li:first-child { border-top: 0; }
.notes label { flex: 1; min-width: 0; display: flex; align-items: center; gap: .75rem; padding: .55rem 0; min-height: 2.75rem; cursor: pointer; }
.notes .text { min-width: 0; overflow-wrap: anywhere; }
.notes .done .text { color: var(--quiet); text-decoration: line-through; }
.notes .sending, .notes .going { opacity: .55; }
.notes .mark { color: var(--quiet); font-size: .8rem; white-space: nowrap; }
.notes input { appearance: none; flex: none; width: 1.5rem; height: 1.5rem; min-height: 0; padding: 0; margin: 0 0 0 .1rem; border: 2px solid var(--quiet); border-radius: 50%; display: grid; place-items: center; cursor: pointer; }
.notes input:checked { background: var(--teal); border-color: var(--teal); }
.notes input:checked::after { content: ""; width: .38rem; height: .7rem; margin-top: -.15rem; border: solid var(--card); border-width: 0 2.5px 2.5px 0; rotate: 45deg; }
.notes button { flex: none; width: 2.75rem; padding: 0; border-color: transparent; background: none; color: var(--quiet); font-size: 1.25rem; line-height: 1; }
.notes button:hover { color: var(--red); background: var(--red-soft); }
.notes .empty { justify-content: center; color: var(--quiet); padding: 2rem 0; }

.ring { display: block; width: 100%; max-width: 24rem; margin: 0 auto; overflow: visible; }
.ring text { fill: var(--ink); text-anchor: middle; font-size: 15px; font-weight: 600; }
.ring .track { fill: none; stroke: var(--rule); stroke-width: 2; }
.ring .heir { fill: none; stroke: var(--teal); stroke-width: 2.5; stroke-dasharray: 2 7; stroke-linecap: round; }
.ring .peer { transition: transform .5s cubic-bezier(.3, .9, .3, 1), opacity .3s; }
.ring .peer circle { fill: var(--node); stroke: var(--quiet); stroke-width: 2; transition: fill .3s, stroke .3s; }
.ring .crown { fill: var(--gold); stroke: var(--gold-ink); stroke-width: 1.2; stroke-linejoin: round; }
.ring .crown, .ring .next-tag, .ring .cross { display: none; }
.ring .server circle { fill: var(--gold); stroke: var(--gold); }
.ring .server text { fill: var(--gold-ink); }
.ring .server .crown, .ring .next .next-tag, .ring .crashed .cross { display: inline; }
.ring .next circle { stroke: var(--teal); stroke-width: 4; }
.ring .next-tag rect { fill: var(--teal); }
.ring .next-tag text { fill: var(--card); font-size: 12px; }
.ring .learner circle { stroke-dasharray: 4 5; }
.ring .here text.name { text-decoration: underline; text-underline-offset: 3px; }
.ring .away { opacity: .5; }
.ring .crashed { opacity: .75; }
.ring .crashed circle { fill: var(--red-soft); stroke: var(--red); stroke-dasharray: 3 5; }
.ring .cross { stroke: var(--red); stroke-width: 3; stroke-linecap: round; opacity: .45; }
.ring .label { fill: var(--quiet); font-size: 13px; font-weight: 400; }
.ring .term { font-size: 40px; font-family: Palatino, Georgia, serif; }
.ring .took { font-size: 17px; }

.people li { display: grid; grid-template-columns: minmax(0, 1fr) auto; align-items: center; gap: .25rem .75rem; padding: .5rem 0; border-top: 1px solid var(--rule); }
.people .who { display: flex; flex-wrap: wrap; align-items: center; gap: .15rem .4rem; }
.people .name { font-weight: 600; }
.people .says { font-size: .75rem; opacity: .75; }
.people a { color: var(--quiet); font-size: .8rem; text-underline-offset: 2px; padding: .2rem 0; flex-basis: 100%; width: fit-content; }
.people .acts { display: flex; gap: .4rem; }
.badge { font-size: .75rem; line-height: 1.35rem; padding: 0 .5rem; border-radius: 1rem; background: var(--node); color: var(--ink); }
.badge.server { background: var(--gold); color: var(--gold-ink); font-weight: 600; }
.badge.next { background: var(--teal-soft); color: var(--teal); font-weight: 600; }
.badge.bad { background: var(--red-soft); color: var(--red); }
@media (max-width: 21rem) { .people li { grid-template-columns: minmax(0, 1fr); } .people .acts button { flex: 1; } }
@media (prefers-reduced-motion: reduce) { * { transition: none !important; animation: none !important; } }
`
