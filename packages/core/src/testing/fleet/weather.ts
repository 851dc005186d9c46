import type { Random } from '../../host/index.js'
import { seededRandom } from '../random.js'
import type { Fleet } from './fleet.js'

/** What processes suffer on machines that do other things, too. */
export interface Weather {
  /** Share of the members that stall again and again. */
  readonly stalling: number
  readonly stallMs: number
  /** On average, until the next stall of one such member. */
  readonly stallEveryMs: number
  /** Any member is paused for one second up to so long. */
  readonly pauseMaxMs: number
  /** On average, until the next pause of somebody. */
  readonly pauseEveryMs: number
}

/** 5 % of the members stall for 500 ms, and somebody is paused for up to 2.5 s every half minute. */
export const roughWeather: Weather = {
  stalling: 0.05,
  stallMs: 500,
  stallEveryMs: 5_000,
  pauseMaxMs: 2_500,
  pauseEveryMs: 30_000,
}

/** Lets it happen to members 0 to `size - 1` from now on, for ever. */
export function weather(
  fleet: Fleet,
  size: number,
  seed: number | string,
  what: Weather = roughWeather,
): void {
  const random = seededRandom(`${seed}/weather`)
  const stalling = Math.ceil(size * what.stalling)
  for (let i = 0; i < stalling; i += 1) {
    const at = Math.floor(random.next() * size)
    again(fleet, random, what.stallEveryMs, () => hold(fleet, at, what.stallMs))
  }
  again(fleet, random, what.pauseEveryMs, () => {
    const ms = 1_000 + random.next() * (what.pauseMaxMs - 1_000)
    hold(fleet, Math.floor(random.next() * size), ms)
  })
}

function again(fleet: Fleet, random: Random, everyMs: number, run: () => void): void {
  fleet.after(-Math.log(1 - random.next()) * everyMs, () => {
    run()
    again(fleet, random, everyMs, run)
  })
}

/** Two pauses in a row would be a longer one: between them each runs for a second. */
function hold(fleet: Fleet, at: number, ms: number): void {
  if (!fleet.isUp(at) || fleet.awakeMs(at) < 1_000) return
  const wake = fleet.pause(at)
  fleet.after(ms, wake)
}
