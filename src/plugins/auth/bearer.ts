/** Longer tokens are refused unread: parsing and hashing them is work that anybody could ask for. */
export const MAX_TOKEN_BYTES = 8192

const BEARER = /^bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i

/**
 * The token of the one Authorization header, or null. Node keeps only the first of two such headers, a proxy in front
 * may have checked the other one; so the raw list (name, value, name, value …) is what counts.
 */
export function bearerToken(rawHeaders: readonly string[]): string | null {
  let found: string | null = null
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string
    if (name.length !== 13 || name.toLowerCase() !== 'authorization') continue
    if (found !== null) return null
    found = rawHeaders[at + 1] as string
  }
  if (found === null || found.length > MAX_TOKEN_BYTES + 'Bearer '.length) return null
  return BEARER.exec(found)?.[1] ?? null
}
