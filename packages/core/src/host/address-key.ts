/**
 * By what limits count an address (without port): one machine has a whole /64 of IPv6 to itself, and IPv4 may come in
 * IPv6's clothes.
 */
export function addressKey(host: string): string {
  const bare = host.replaceAll(/[[\]]|%.*$/g, '').toLowerCase()
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(bare)
  if (mapped?.[1] !== undefined) return mapped[1]
  if (!bare.includes(':')) return bare
  const [head = '', tail] = bare.split('::')
  const groups = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = Array.from(
    { length: tail === undefined ? 0 : Math.max(0, 8 - groups.length - after.length) },
    () => '0',
  )
  const all = [...groups, ...zeros, ...after]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
  // All of this machine's own.
  return bare === '::1' ? bare : `${all.join(':')}::/64`
}
