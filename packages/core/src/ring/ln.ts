/**
 * The natural logarithm of a number above 0 and below 1. `Math.log` may differ in its last bits from engine to engine;
 * this one only adds, multiplies and divides, which all machines do alike.
 */
export function ln(u: number): number {
  let m = u
  let halvings = 0
  while (m < Math.SQRT1_2) {
    m *= 2
    halvings += 1
  }
  const s = (m - 1) / (m + 1)
  const square = s * s
  let sum = 0
  for (let odd = 23; odd >= 1; odd -= 2) sum = sum * square + 1 / odd
  return 2 * s * sum - halvings * Math.LN2
}
