import { OWN_ID } from '../../contract/own-id.ts'

const NO_ID = '(no id)'

/** Whatever else stands in a path is a caller's text and is never recorded. */
function ownIdOf(given: unknown): string {
  const id = typeof given === 'string' ? given.toLowerCase() : ''
  return OWN_ID.test(id) ? id : NO_ID
}

/**
 * What a request is about: `run/ID` for `/v1/runs/:run_id/events`, the pattern itself for a route without ids.
 * @param pattern of the route
 */
export function objectOf(pattern: string, params: Readonly<Record<string, unknown>>): string {
  const segments = pattern.split('/')
  const named = segments.flatMap((segment, at) => {
    if (!segment.startsWith(':')) return []
    const id = params[segment.slice(1)]
    return [segments[at - 1]?.replace(/ies$/, 'y').replace(/s$/, ''), ownIdOf(id)]
  })
  return named.length === 0 ? pattern : named.join('/')
}

/** How an answer is noted; null when there is nothing to note: nobody was shown anything, nobody was denied it. */
export function outcomeOf(status: number, code: string | null, isAudited: boolean): string | null {
  if (status === 401 || status === 403) return `denied: ${code ?? status}`
  // 429 and 503 are refused before they are looked at; noting them would be work that anybody could ask for.
  if (!isAudited || status === 429 || status === 503) return null
  if (status < 400) return 'ok'
  return `${status < 500 ? 'refused' : 'failed'}: ${code ?? status}`
}
