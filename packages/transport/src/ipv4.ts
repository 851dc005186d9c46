/** As a number of 32 bits; undefined when `text` is no IPv4 address. */
export function ipv4Of(text: string): number | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)
  if (parts === null) return undefined
  let value = 0
  for (const part of parts.slice(1)) {
    if (Number(part) > 255) return undefined
    value = value * 256 + Number(part)
  }
  return value
}

export function ipv4Text(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.')
}

/** Ones for the hosts of a subnet. */
export const hostMask = (prefix: number): number => (prefix >= 32 ? 0 : 0xff_ff_ff_ff >>> prefix)

/** First address of the subnet. */
export const networkOf = (value: number, prefix: number): number => (value & ~hostMask(prefix)) >>> 0

export function broadcastOf(address: string, prefix: number): string | null {
  const value = ipv4Of(address)
  return value === undefined ? null : ipv4Text((value | hostMask(prefix)) >>> 0)
}

export function inSubnet(address: string, subnet: string, prefix: number): boolean {
  const [value, base] = [ipv4Of(address), ipv4Of(subnet)]
  return value !== undefined && base !== undefined && networkOf(value, prefix) === networkOf(base, prefix)
}

/** RFC 1918, and those that nobody assigned. */
export const isPrivate = (address: string): boolean =>
  [
    ['10.0.0.0', 8],
    ['172.16.0.0', 12],
    ['192.168.0.0', 16],
    ['169.254.0.0', 16],
  ].some(([subnet, prefix]) => inSubnet(address, String(subnet), Number(prefix)))
