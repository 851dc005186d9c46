/** A value that cannot be sent or kept, or bytes that are not what they should be. */
export class CodecError extends Error {
  /** Where in the value, for example `$.holds[3].until`; `$` is the value itself. Empty for bytes. */
  readonly path: string
  constructor(text: string, path = '', cause?: unknown) {
    super(path === '' ? text : `${path}: ${text}`, cause === undefined ? undefined : { cause })
    this.name = 'CodecError'
    this.path = path
  }
}
