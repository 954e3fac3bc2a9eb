/**
 * The pause that a Retry-After header asks for, in ms; null when it is absent or says nothing usable (RFC 9110,
 * 10.2.3: seconds or an HTTP date in any of its three forms). A date in the past is 0; more seconds than a number holds
 * are Infinity. `now` is the wall clock in ms.
 */
export function parseRetryAfter(header: string | string[] | undefined, now: number): number | null {
  const value = (Array.isArray(header) ? header[0] : header)?.trim() ?? ''
  if (/^\d+$/.test(value)) return Number(value) * 1000
  // Date.parse reads "wait 5" as a day in 2001.
  if (!/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? .*\d\d:\d\d:\d\d/.test(value)) return null
  const date = Date.parse(value.endsWith('GMT') ? value : `${value} GMT`)
  return Number.isNaN(date) ? null : Math.max(0, date - now)
}
