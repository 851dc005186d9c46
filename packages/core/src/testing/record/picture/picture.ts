import type { Recording } from '../types.js'
import { chartOf } from './chart.js'
import { escapeHtml as escape, jsonInScript } from './escape.js'
import type { PictureOptions } from './options.js'
import { pageScript } from './script.js'
import { pageStyle } from './style.js'

/**
 * A run as one HTML file that needs nothing else: a column for each peer, time downward, messages as lines.
 * What is written in the recording stays text, whatever it looks like.
 */
export function picture(recording: Recording, options: PictureOptions): string {
  const { title } = options
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="content-security-policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<title>${escape(title)}</title>
<link rel="icon" href="data:,">
<style>${pageStyle}</style>
</head>
<body id="page">
${story(recording, options)}
${drawing()}
<script type="application/json" id="chart">${jsonInScript(chartOf(recording, options))}</script>
<script>${pageScript()}</script>
</body>
</html>
`
}

/** The left side: what happened, in words. */
function story(recording: Recording, options: PictureOptions): string {
  const { title, seed, law, schedule } = options
  const lost = recording.messages.filter(({ fate }) => fate === 'lost').length
  const facts = [
    ['Seed', String(seed)],
    ['Peers', String(recording.nodes.length)],
    ['Time', seconds(recording.endMs)],
    ['Messages', `${recording.messages.length.toLocaleString('en')}, ${lost.toLocaleString('en')} lost`],
  ]
  return `<aside class="story">
<header>
<p class="kicker">Tanist <span>simulated run</span></p>
<h1>${escape(title)}</h1>
<dl class="facts">${facts.map(([key, value]) => `<div><dt>${key}</dt><dd>${escape(value ?? '')}</dd></div>`).join('')}</dl>
</header>
${broken(law, options.contradiction)}
${faults(schedule)}
<section id="pinned" class="pinned" hidden aria-live="polite"></section>
<section class="filters"><h2>Peers</h2><div id="columns" class="checks"></div></section>
<section class="filters"><h2>Messages and notes</h2><div id="families"></div></section>
<section class="legend"><h2>Legend</h2><ul>
<li><i class="key reign"></i>serves, coloured by term</li>
<li><i class="key down"></i>crashed or stopped</li>
<li><i class="key power"></i>no power</li>
<li><i class="key paused"></i>paused or asleep</li>
<li><i class="key lost">×</i>lost on the way</li>
<li><i class="key fault"></i>a fault, as long as it lasts</li>
</ul>
<p>Click a message to pin it. Keys: <kbd>+</kbd> <kbd>−</kbd> zoom, <kbd>0</kbd> fit, <kbd>n</kbd> <kbd>p</kbd> next and previous fault, <kbd>c</kbd> contradiction.</p></section>
<noscript><p>The drawing needs JavaScript.</p></noscript>
</aside>`
}

function broken(law: PictureOptions['law'], contradiction: PictureOptions['contradiction']): string {
  if (law === undefined && contradiction === undefined) return ''
  const events = contradiction?.events ?? []
  const list = events.map(
    ({ atMs, node, text }) =>
      `<li><button class="event" data-ms="${atMs}"><span>${escape(seconds(atMs))}</span><b>${escape(node)}</b>${escape(text)}</button></li>`,
  )
  return `<section class="broken">
${law === undefined ? '' : `<h2>Broken law</h2><p class="law">${escape(law)}</p>`}
${contradiction === undefined ? '' : `<p>${escape(contradiction.text)}</p><ol>${list.join('')}</ol>`}
</section>`
}

function faults(schedule: readonly string[] | undefined): string {
  if (schedule === undefined) return ''
  // `2.5 s  split ...`, or `on server.appended#3  crash ...`.
  const lines = schedule.map((line) => {
    const [, at = '', words = line] = /^(.+?) {2,}(.*)$/.exec(line) ?? []
    return `<li><span>${escape(at)}</span><b>${escape(words)}</b></li>`
  })
  const list = lines.length === 0 ? '<p>No faults at all.</p>' : `<ol class="schedule">${lines.join('')}</ol>`
  return `<section><h2>Schedule</h2>${list}</section>`
}

function drawing(): string {
  return `<main class="drawing">
<div class="bar">
<div class="tools" role="toolbar" aria-label="View">
<button id="wrong" class="wrong" type="button">Show the contradiction</button>
<span class="pair"><button id="previous" type="button" aria-label="Previous fault">‹</button><em>fault</em><button id="next" type="button" aria-label="Next fault">›</button></span>
<span class="pair"><button id="out" type="button" aria-label="Zoom out">−</button><em>zoom</em><button id="in" type="button" aria-label="Zoom in">+</button></span>
<button id="fit" type="button">Whole run</button>
</div>
<p id="where" role="status"></p>
</div>
<div class="frame">
<div class="heads" id="heads" aria-hidden="true"></div>
<div class="stage" id="stage" tabindex="0" role="region" aria-label="Space-time diagram: a column for each peer, time downward"><div id="space"><canvas id="canvas"></canvas></div></div>
<canvas class="overview" id="overview" aria-hidden="true"></canvas>
<div class="tip" id="tip" role="tooltip" hidden></div>
</div>
</main>`
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(3)} s`
