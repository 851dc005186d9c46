const WIDTH = 17

/** A table that is printed as its rows become known. */
export function heading(title, columns) {
  console.log(`\n${title}`)
  row(columns)
}

export function row(cells) {
  const [first, ...others] = cells.map(String)
  console.log(first.padEnd(12) + others.map((cell) => cell.padStart(WIDTH)).join(''))
}

export const ms = (value) =>
  Number.isNaN(value) ? 'never' : `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`
