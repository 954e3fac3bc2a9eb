import { BlockList, isIP } from 'node:net'

const OWN = new BlockList()
for (const [net, bits] of [
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const)
  OWN.addSubnet(net, bits, 'ipv4')
OWN.addAddress('::1', 'ipv6')
OWN.addSubnet('fc00::', 7, 'ipv6')

/** Loopback, private addresses and single-label names: what can only be the hospital's own. */
function isOwnHost(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '')
  const version = isIP(bare)
  if (version !== 0) return OWN.check(bare, version === 4 ? 'ipv4' : 'ipv6')
  return !bare.includes('.')
}

/**
 * Whether a model's base URL may be called. With an allow-list: only its hosts, `host` or `host:port`, IPv6 addresses also
 * without brackets; without one: only the hospital's own.
 */
export function isAllowedUrl(url: URL, allowed: readonly string[] | null): boolean {
  if (allowed === null) return isOwnHost(url.hostname)
  const port = url.port || (url.protocol === 'https:' ? '443' : '80')
  const names = allowed.map((name) => (isIP(name) === 6 ? `[${name}]` : name).toLowerCase())
  return names.includes(url.hostname) || names.includes(`${url.hostname}:${port}`)
}
