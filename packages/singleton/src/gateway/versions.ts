/** As in this package's `package.json`. */
export const TANIST_VERSION = '0.1.0'

/** Of links between members and with clients. */
export const LINK_VERSION = 2
