import { isUtf8 } from 'node:buffer'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Problem } from '../errors.ts'
import { type BodyFlaw, findFlaw, MAX_DEPTH } from './body/scan.ts'

const REFUSALS: Record<BodyFlaw, string> = {
  too_deep: `The body nests objects and lists more than ${MAX_DEPTH} deep. Flatten it.`,
  number_too_large:
    'The body holds a number that JSON readers change (a whole one above 2^53, or one beyond 1e308). Send it as text.',
}

const TYPES = ['application/json', /^application\/[\w.!#$&^-]{1,64}\+json(?:;|$)/] as const

/** Only UTF-8 as it is: another charset or a compressed body would be misread. */
function refuseEncoding(request: FastifyRequest): void {
  const encoding = request.headers['content-encoding']
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    throw new Problem('unsupported_media_type', 'Send the body without Content-Encoding.')
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(request.headers['content-type'] ?? '')?.[1]
  if (charset !== undefined && charset.toLowerCase() !== 'utf-8' && charset.toLowerCase() !== 'utf8')
    throw new Problem('unsupported_media_type', 'Send the body as UTF-8.')
}

/** The text of a body. Throws a Problem for bytes that are no UTF-8: replaced characters would change a record. */
function readText(body: Buffer): string {
  if (!isUtf8(body)) throw new Problem('invalid_request', 'The body is not valid UTF-8.')
  const text = body.toString('utf8')
  const flaw = findFlaw(text)
  if (flaw !== null) throw new Problem('invalid_request', REFUSALS[flaw])
  return text
}

/**
 * Reads JSON bodies (application/json and application/…+json), everything else is 415. Their size is capped by
 * Fastify's `bodyLimit`. Of duplicate keys the last one counts, as in `JSON.parse`; `-0` stays what it is.
 */
export default fp(
  async (app) => {
    const parseJson = app.getDefaultJsonParser('error', 'error')
    app.removeAllContentTypeParsers()
    for (const type of TYPES)
      app.addContentTypeParser(type, { parseAs: 'buffer' }, (request, body: Buffer, done) => {
        refuseEncoding(request)
        return parseJson(request, readText(body), done)
      })
  },
  { name: 'body', fastify: '5.x' },
)
