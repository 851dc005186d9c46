/** PEM texts. Who comes with a certificate of the CA is let in, at the level that its name says. */
export interface Certificates {
  readonly ca: string
  /** Of this peer: its subject alternative name has the URI `tanist:APP:member` (or `tanist:APP:trusted`, for clients). */
  readonly cert: string
  readonly key: string
}
