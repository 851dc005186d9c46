import type { Chart, ChartNote } from '../chart.js'
import type { Messages, View } from './geometry.js'

/** From the style sheet, so that light and dark are decided in one place. */
export interface Colours {
  readonly paper: string
  readonly ink: string
  readonly quiet: string
  readonly rule: string
  readonly line: string
  readonly block: string
  readonly fault: string
  readonly wrong: string
  readonly families: readonly string[]
  readonly terms: readonly string[]
  readonly font: string
}

/** What is on the screen now. */
export interface Scene {
  readonly chart: Chart
  readonly view: View
  readonly messages: Messages
  readonly shown: readonly number[]
  readonly hot: number | null
  readonly pinned: number | null
  /** Which notes stand at the columns. */
  readonly noted: (note: ChartNote) => boolean
  readonly colours: Colours
}
