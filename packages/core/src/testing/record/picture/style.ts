/*
 * Terms have Paul Tol's colours for the colour-blind (bright, muted), without the red that belongs to the
 * contradiction alone; a number always stands beside the colour.
 */
export const pageStyle: string = `
:root {
  --sans: "Inter", "Segoe UI Variable Text", "Segoe UI", system-ui, -apple-system, "Helvetica Neue", "Liberation Sans", Arial, sans-serif;
  --serif: "Iowan Old Style", "Palatino Linotype", Palatino, "Book Antiqua", Georgia, "Liberation Serif", serif;
  --paper: #f4f2ec; --chart: #fffefb; --ink: #1f2328; --quiet: #6b7078; --rule: #eeebe3; --edge: #dedad0; --line: #b4b4b0;
  --block: #5d626b; --fault: #9a5b00; --wrong: #c8102e; --wrong-soft: #fdecee; --accent: #2b5c8a;
  --term-0: #4477aa; --term-1: #c58a00; --term-2: #aa3377; --term-3: #228877; --term-4: #7a5cc0; --term-5: #3a9bd0;
  --family-0: #33507a; --family-1: #8a3f9e; --family-2: #1f7a5c; --family-3: #7a6a1f; --family-4: #8f949c; --family-5: #a9adb3; --family-6: #4d535c;
  --shadow: 0 1px 2px #1f23280f, 0 6px 24px #1f232814;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #15171b; --chart: #1b1e23; --ink: #e9e7e1; --quiet: #989da6; --rule: #262a30; --edge: #343941; --line: #5b6069;
    --block: #9aa0aa; --fault: #e0a04a; --wrong: #ff6b7d; --wrong-soft: #3a1f26; --accent: #8cb8e2;
    --term-0: #77aadd; --term-1: #eebb44; --term-2: #e07fb8; --term-3: #44bb99; --term-4: #ab94ea; --term-5: #99ddff;
    --family-0: #9fb9de; --family-1: #cf95e0; --family-2: #6cc9a6; --family-3: #cdbb68; --family-4: #7d838c; --family-5: #656b74; --family-6: #b5bac2;
    --shadow: 0 1px 2px #0006, 0 6px 24px #0005;
  }
}
* { box-sizing: border-box; }
html, body { height: 100%; }
body {
  margin: 0; display: grid; grid-template-columns: 21rem minmax(0, 1fr); background: var(--paper); color: var(--ink);
  font: 14px/1.5 var(--sans); -webkit-text-size-adjust: 100%;
}
h1, h2, p, dl, dd, ol, ul { margin: 0; padding: 0; }
ol, ul { list-style: none; }
h1 { font: 600 1.65rem/1.2 var(--serif); letter-spacing: -.01em; text-wrap: balance; overflow-wrap: anywhere; }
h2 { font: 600 .72rem/1.4 var(--sans); letter-spacing: .09em; text-transform: uppercase; color: var(--quiet); margin-bottom: .55rem; }
button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; }
button:focus-visible, input:focus-visible, .stage:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
[hidden] { display: none !important; }

.story { overflow-y: auto; height: 100vh; padding: 2rem 1.5rem 2rem 2rem; display: flex; flex-direction: column; gap: 1.6rem; scrollbar-width: thin; }
.story > * { flex: none; }
.kicker { font: 600 .72rem/1.4 var(--sans); letter-spacing: .09em; text-transform: uppercase; margin-bottom: .6rem; }
.kicker span { color: var(--quiet); font-weight: 500; }
.facts { display: grid; grid-template-columns: 1fr 1fr; gap: .6rem 1rem; margin-top: 1.1rem; }
.facts dt { font-size: .78rem; color: var(--quiet); }
.facts dd { font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }

.broken { background: var(--wrong-soft); border-left: 3px solid var(--wrong); border-radius: 0 .6rem .6rem 0; padding: 1rem 1.1rem; margin-left: -.2rem; }
.broken h2 { color: var(--wrong); }
.broken .law { font: 600 1.08rem/1.4 var(--serif); margin-bottom: .5rem; }
.broken ol { margin-top: .7rem; display: grid; gap: .4rem; }
.event { display: block; width: 100%; text-align: left; background: var(--chart); border: 1px solid var(--edge); border-radius: .45rem; padding: .45rem .65rem; }
.event:hover { border-color: var(--wrong); }
.event span { white-space: nowrap; color: var(--wrong); font-variant-numeric: tabular-nums; font-weight: 600; margin-right: .5rem; }
.event b { margin-right: .5rem; }

.schedule { display: grid; gap: .3rem; }
.schedule li { display: flex; flex-wrap: wrap; column-gap: .6rem; text-wrap: pretty; }
.schedule span { min-width: 3rem; color: var(--fault); font-weight: 600; font-variant-numeric: tabular-nums; }

.schedule b { flex: 1; min-width: 10rem; font-weight: 400; }

.pinned { background: var(--chart); border: 1px solid var(--edge); border-radius: .6rem; padding: .9rem 1.1rem; box-shadow: var(--shadow); }
.pinned .what { font-weight: 600; overflow-wrap: anywhere; margin-bottom: .5rem; }
.pinned dl { display: grid; grid-template-columns: 4rem 1fr; gap: .15rem .5rem; }
.pinned dt { color: var(--quiet); }
.pinned dd { font-variant-numeric: tabular-nums; }
.link { text-align: left; color: var(--accent); text-decoration: underline; text-underline-offset: .2em; text-decoration-thickness: 1px; }

.checks { display: flex; flex-wrap: wrap; gap: .35rem 1.1rem; }
.check { display: inline-flex; align-items: center; gap: .5rem; cursor: pointer; }
.check input { accent-color: var(--accent); margin: 0; width: 1rem; height: 1rem; }
.family { margin-bottom: .65rem; }
.swatch { width: 1.1rem; height: 2px; border-radius: 1px; }
.swatch.note { width: .6rem; height: .6rem; margin: 0 .25rem; border: 1.25px solid var(--quiet); border-radius: 50%; }
.chips { display: flex; flex-wrap: wrap; gap: .3rem; margin: .3rem 0 0 1.5rem; }
.chip { font-size: .8rem; line-height: 1.6; border: 1px solid var(--edge); border-radius: 1rem; padding: 0 .6rem; color: var(--quiet); }
.chip[aria-pressed="true"] { background: var(--chart); color: var(--ink); }
.chip[aria-pressed="false"] { border-style: dashed; text-decoration: line-through; }
.chip:hover { border-color: var(--quiet); }
.chip .count { color: var(--quiet); margin-left: .35rem; font-variant-numeric: tabular-nums; display: inline-block; text-decoration: none; }

.legend ul { display: grid; gap: .3rem; margin-bottom: .8rem; }
.legend li { display: flex; align-items: center; gap: .65rem; }
.legend p { color: var(--quiet); font-size: .8rem; }
.key { width: 1.1rem; height: 1.1rem; border-radius: 3px; flex: none; display: grid; place-items: center; font: 700 1.1rem/1 var(--sans); }
.key.reign { background: linear-gradient(90deg, var(--term-0) 2.5px, color-mix(in srgb, var(--term-0) 30%, transparent) 0); }
.key.down { border: 1.25px solid var(--block); background: repeating-linear-gradient(135deg, var(--block) 0 1px, transparent 1px 5px); }
.key.power { background: var(--block); }
.key.paused { border: 1.25px dashed var(--block); }
.key.fault { width: 3px; margin: 0 .45rem; background: var(--fault); }
kbd { font: inherit; border: 1px solid var(--edge); border-radius: .25rem; padding: 0 .3rem; background: var(--chart); color: var(--ink); }

.drawing { display: flex; flex-direction: column; height: 100vh; padding: 1.1rem 1.25rem 1.25rem .5rem; min-width: 0; }
.bar { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: .5rem 1rem; margin-bottom: .8rem; min-height: 2.2rem; }
.tools { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem; }
.tools > button, .pair { border: 1px solid var(--edge); border-radius: .5rem; background: var(--chart); min-height: 2.1rem; display: inline-flex; align-items: center; }
.tools > button { padding: 0 .9rem; }
.tools button:hover:not(:disabled) { color: var(--accent); border-color: var(--quiet); }
.tools button:disabled { color: var(--line); cursor: default; }
.tools .wrong { background: var(--wrong); border-color: var(--wrong); color: var(--chart); font-weight: 600; }
.tools .wrong:hover:not(:disabled) { color: var(--chart); border-color: var(--ink); }
.pair button { width: 2.1rem; height: 2.1rem; font-size: 1.15rem; line-height: 1; }
.pair em { font-style: normal; color: var(--quiet); }
#where { color: var(--quiet); font-variant-numeric: tabular-nums; }

.frame { position: relative; flex: 1; min-height: 0; display: grid; grid-template: 2.6rem minmax(0, 1fr) / minmax(0, 1fr) 3.4rem; background: var(--chart); border: 1px solid var(--edge); border-radius: .9rem; overflow: hidden; box-shadow: var(--shadow); }
.heads { position: relative; grid-area: 1 / 1; border-bottom: 1px solid var(--edge); }
.heads span { position: absolute; top: 0; line-height: 2.6rem; transform: translateX(-50%); font-weight: 600; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.stage { grid-area: 2 / 1; overflow-y: scroll; overflow-x: hidden; scrollbar-width: none; position: relative; overscroll-behavior: contain; outline-offset: -2px !important; }
.stage::-webkit-scrollbar { display: none; }
.stage canvas { position: sticky; top: 0; display: block; width: 100%; }
.overview { grid-area: 1 / 2 / 3 / 3; width: 100%; height: 100%; border-left: 1px solid var(--edge); background: var(--paper); cursor: pointer; }
.tip { grid-area: 2 / 1; position: absolute; z-index: 2; max-width: 20rem; pointer-events: none; background: var(--ink); color: var(--paper); border-radius: .5rem; padding: .45rem .7rem; font-size: .83rem; line-height: 1.45; box-shadow: var(--shadow); }
.tip b, .tip span { display: block; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
.tip span { opacity: .8; }

@media (max-width: 70rem) {
  body { grid-template-columns: 17rem minmax(0, 1fr); }
  .story { padding: 1.5rem 1rem 1.5rem 1.25rem; }
}
@media (max-width: 48rem) {
  html, body { height: auto; }
  body { display: flex; flex-direction: column; gap: 1.4rem; padding: 1.25rem; }
  .story { display: contents; }
  .drawing { height: 88vh; padding: 0; }
  .filters, .legend, .pinned { order: 1; }
  .facts { grid-template-columns: repeat(4, auto); }
}
@media print {
  :root {
    --paper: #fff; --chart: #fff; --ink: #111; --quiet: #555; --rule: #eee; --edge: #ccc; --line: #999; --block: #555;
    --fault: #8a5200; --wrong: #b8001f; --wrong-soft: #fff; --shadow: none;
  }
  @page { margin: 12mm; }
  html, body { height: auto; }
  body { display: block; font-size: 11px; }
  .story { height: auto; padding: 0; overflow: visible; display: block; columns: 2; column-gap: 2rem; }
  .story > * { break-inside: avoid; margin-bottom: 1rem; }
  .filters, .tools, .overview, .tip, .legend p { display: none; }
  .drawing { height: auto; padding: 1rem 0 0; break-before: auto; }
  .frame { display: block; border-radius: 0; }
  .heads { height: 2.2rem; }
  .stage { overflow: visible; height: auto; }
  .stage canvas { position: static; height: auto !important; }
  #space { height: auto !important; }
}
`
