// What a source file imports and which code it holds, without a parser: comments and the insides of strings are
// blanked, so that what a pattern then finds is code. Offsets and line numbers stay those of the file.

// A slash begins a regular expression after these; elsewhere it divides.
const beforeRegex =
  /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|do|else|void|await|yield))\s*$/

/** The text with comments and the insides of strings, templates and regular expressions turned into spaces. */
export function blank(text) {
  const out = text.split('')
  // One item for each template whose `${` is open: how many braces are open inside it.
  const templates = []
  const erase = (from, to) => {
    for (let i = from; i < to; i++) if (out[i] !== '\n') out[i] = ' '
  }
  const stringEnd = (start, quote) => {
    let i = start
    while (i < text.length && text[i] !== quote && text[i] !== '\n') i += text[i] === '\\' ? 2 : 1
    return i
  }
  const regexEnd = (start) => {
    let inClass = false
    for (let i = start; i < text.length && text[i] !== '\n'; i++) {
      if (text[i] === '\\') i++
      else if (text[i] === '[') inClass = true
      else if (text[i] === ']') inClass = false
      else if (text[i] === '/' && !inClass) return i
    }
    return start
  }
  // Erases template text from `start` to the closing backtick or the next `${`; returns where code goes on.
  const template = (start) => {
    let i = start
    while (i < text.length && text[i] !== '`' && !(text[i] === '$' && text[i + 1] === '{'))
      i += text[i] === '\\' ? 2 : 1
    erase(start, i)
    if (text[i] === '$') {
      templates.push(0)
      return i + 2
    }
    return i + 1
  }
  for (let i = 0; i < text.length; ) {
    const two = text.slice(i, i + 2)
    let end = i + 1
    if (two === '//') erase(i, (end = lineEnd(text, i)))
    else if (two === '/*') erase(i, (end = after(text, '*/', i + 2)))
    else if (text[i] === "'" || text[i] === '"') {
      end = stringEnd(i + 1, text[i])
      erase(i + 1, end++)
    } else if (text[i] === '`') end = template(i + 1)
    else if (text[i] === '/' && beforeRegex.test(out.slice(Math.max(0, i - 40), i).join(''))) {
      end = regexEnd(i + 1)
      erase(i + 1, end++)
    } else if (templates.length > 0 && text[i] === '{') templates.push(templates.pop() + 1)
    else if (templates.length > 0 && text[i] === '}') {
      const open = templates.pop()
      if (open === 0) end = template(i + 1)
      else templates.push(open - 1)
    }
    i = end
  }
  return out.join('')
}

const lineEnd = (text, from) => (text.indexOf('\n', from) < 0 ? text.length : text.indexOf('\n', from))
const after = (text, mark, from) =>
  text.indexOf(mark, from) < 0 ? text.length : text.indexOf(mark, from) + 2

export const lineAt = (text, offset) => text.slice(0, offset).split('\n').length

/**
 * Every import of a file: `{ specifier, line, typeOnly }`. Static, dynamic and type imports, re-exports and
 * `require`; the specifier is null where it is computed and so cannot be checked.
 */
export function importsOf(text, code = blank(text)) {
  const found = []
  const add = (offset, typeOnly) => {
    const end = code.indexOf(code[offset], offset + 1)
    found.push({ specifier: text.slice(offset + 1, end), line: lineAt(text, offset), typeOnly })
  }
  const heads = [...code.matchAll(/\b(?:import|export)\b(?:\s+(type)\b)?/g)]
  // A string right after the word `from` is an import or a re-export: nothing else has that shape.
  for (const match of code.matchAll(/(?<![.\w$])from\s*(?=['"])/g)) {
    const head = heads.findLast(({ index }) => index < match.index)
    add(match.index + match[0].length, head?.[1] !== undefined)
  }
  for (const match of code.matchAll(/(?<![.\w$])(?:import\s*(?=['"])|(?:import|require)\s*\(\s*)/g)) {
    const offset = match.index + match[0].length
    if (code[offset] === "'" || code[offset] === '"') add(offset, false)
    else found.push({ specifier: null, line: lineAt(text, match.index), typeOnly: false })
  }
  return found.toSorted((a, b) => a.line - b.line)
}
