/** Characters of a path; names in hostile values are long. */
const PATH_MAX = 200

/** A value that cannot be sent or kept, or bytes that are not what they should be. */
export class CodecError extends Error {
  /** Where in the value, for example `$.holds[3].until`; `$` is the value itself. Empty for bytes. */
  readonly path: string
  constructor(text: string, path = '', cause?: unknown) {
    const at = path.length <= PATH_MAX ? path : `${path.slice(0, PATH_MAX)}…`
    super(path === '' ? text : `${at}: ${text}`, cause === undefined ? undefined : { cause })
    this.name = 'CodecError'
    this.path = at
  }
}
