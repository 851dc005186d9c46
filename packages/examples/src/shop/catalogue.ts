/** What the shop sells. Part of the program, and the same on every peer: prices are journalled with each order. */
export const catalogue: Readonly<Record<string, { readonly name: string; readonly cents: number }>> = {
  tea: { name: 'Tea, 100 g', cents: 650 },
  cup: { name: 'Cup with a crown', cents: 1_290 },
  kettle: { name: 'Kettle', cents: 4_900 },
}

/** Of one order. */
export const MOST_PIECES: number = 20
