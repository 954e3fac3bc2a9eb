/**
 * The pause that a Retry-After header asks for, in ms; null when it is absent or says nothing usable (RFC 9110,
 * 10.2.3: seconds or an HTTP date). A date in the past is 0. `now` is the wall clock in ms.
 */
export function parseRetryAfter(header: string | string[] | undefined, now: number): number | null {
  const value = (Array.isArray(header) ? header[0] : header)?.trim() ?? ''
  if (/^\d{1,15}$/.test(value)) return Number(value) * 1000
  if (!/^[A-Za-z]{3}/.test(value)) return null
  const date = Date.parse(value)
  return Number.isNaN(date) ? null : Math.max(0, date - now)
}
