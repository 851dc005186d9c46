// Hooks that plant a bug: each file that the bug names is changed while Node loads it.
let edits = []

export function initialize(data) {
  edits = data
}

export async function load(url, context, next) {
  const found = await next(url, context)
  const mine = edits.filter((edit) => url === edit.url)
  if (mine.length === 0) return found
  let source = String(found.source)
  for (const { pattern, replace } of mine) source = source.replace(new RegExp(pattern), () => replace)
  return { ...found, source }
}
