import { startPage } from './page/app.js'
import { arrowsOfPage } from './page/arrows.js'
import { blocksOfPage } from './page/blocks.js'
import { browserOfPage } from './page/browser.js'
import { geometryOfPage } from './page/geometry.js'
import { labelsOfPage } from './page/labels.js'
import { marksOfPage } from './page/marks.js'
import { painterOfPage } from './page/paint.js'
import { panelOfPage } from './page/panel.js'
import { penOfPage } from './page/pen.js'

/**
 * The script of the page: its functions as text. They are typed, linted and tested here like all others, and
 * need no other name than those that they are given.
 */
export function pageScript(): string {
  return `'use strict'
// Some compilers wrap inner functions in this to keep their names.
var __name = (it) => it
const geometry = (${String(geometryOfPage)})()
const labels = (${String(labelsOfPage)})()
const pen = (${String(penOfPage)})(geometry, labels)
const blocks = (${String(blocksOfPage)})(pen)
const arrows = (${String(arrowsOfPage)})(pen)
const marks = (${String(marksOfPage)})(pen)
const painter = (${String(painterOfPage)})(pen, blocks, arrows, marks)
const panelOf = ${String(panelOfPage)}
const browser = (${String(browserOfPage)})(window)
const chart = JSON.parse(document.getElementById('chart').textContent)
;(${String(startPage)})({ browser, chart, geometry, painter, panelOf })
`
}
