import type { RefusalCode } from './messages.js'

/** Why there is no connection, and cannot be one as things are. */
export class ConnectError extends Error {
  readonly code: RefusalCode | 'option' | 'secret' | 'closed'

  constructor(code: ConnectError['code'], text: string) {
    super(text)
    this.name = 'ConnectError'
    this.code = code
  }
}
