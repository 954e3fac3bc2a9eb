import swagger, { type SwaggerTransform } from '@fastify/swagger'
import type { FastifyReply, FastifySchema } from 'fastify'
import fp from 'fastify-plugin'
import { jsonSchemaTransform } from 'fastify-type-provider-zod'
import type { ProblemCode } from '../errors.ts'
import { DOCS_CSP, DOCS_PAGE, DOCS_START } from './openapi/docs-page.ts'
import { lazyDocsScript } from './openapi/docs-script.ts'
import { eventStream } from './openapi/events.ts'
import { problemResponses, problemSchema } from './openapi/problems.ts'
import { requestBodyOf } from './openapi/request-body.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Problems that the route answers with beside those of the gate, for its description. */
    problems?: readonly ProblemCode[]
  }
}

export interface OpenApiOptions {
  /** Version of the service. */
  version: string
}

const DESCRIPTION =
  'Runs clinical documentation workflows on the model servers of a hospital: one request in, one document out, made in parallel, with the evidence of how it was made.'

type Transform = SwaggerTransform<FastifySchema & { hide?: boolean }>

/** Other streams are described by their routes in words. */
const streamsRunEvents = (route: object): boolean =>
  'sse' in route && (route.sse as { kind?: string }).kind !== 'manual'

/** Adds to a route's own schemas what the gate decides: who may call it, and the problems it may answer. */
const describeRoute: Transform = (input) => {
  const { schema, url } = jsonSchemaTransform({ ...input, schema: input.schema ?? {} } as Parameters<
    typeof jsonSchemaTransform
  >[0])
  const { config } = input.route
  const isPublic = config?.public === true
  const hasBody = schema.body !== undefined
  const hasInput = hasBody || [schema.params, schema.querystring, schema.headers].some((part) => part !== undefined)
  return {
    url,
    schema: {
      ...schema,
      ...(isPublic ? { security: [] } : { security: [{ bearer: [] }], 'x-required-scope': config?.scope }),
      'x-problems': problemResponses({ isPublic, hasInput, hasBody, own: config?.problems ?? [] }),
      'x-streams': streamsRunEvents(input.route),
    } as unknown as FastifySchema,
  }
}

interface Operation {
  responses?: Record<string, { content?: object }>
  requestBody?: Parameters<typeof requestBodyOf>[0]
  'x-problems'?: Record<string, unknown>
  'x-streams'?: boolean
}

const streamed = (responses: Operation['responses'] = {}): Operation['responses'] => ({
  ...responses,
  200: { ...responses[200], content: { ...responses[200]?.content, ...eventStream } },
})

/** Puts problems and event streams among the responses. @fastify/swagger knows no other media type than JSON for plain schemas. */
function placeProblems(document: Record<string, unknown>): Record<string, unknown> {
  const paths = (document.paths ?? {}) as Record<string, Record<string, Operation>>
  const placed = Object.entries(paths).map(([path, operations]) => [
    path,
    Object.fromEntries(
      Object.entries(operations).map(
        ([method, { 'x-problems': problems, 'x-streams': streams, responses, requestBody, ...rest }]) => [
          method,
          {
            ...rest,
            ...requestBodyOf(requestBody),
            responses: { ...problems, ...(streams ? streamed(responses) : responses) },
          },
        ],
      ),
    ),
  ])
  return { ...document, paths: Object.fromEntries(placed) }
}

const cacheable = (reply: FastifyReply) => reply.header('cache-control', 'public, max-age=3600')

/**
 * `GET /openapi.json`, written once from the routes' schemas, and `GET /docs`, a page to read and try it that asks
 * nobody else for anything. Both open; register this before the routes that it describes.
 */
export default fp<OpenApiOptions>(
  async (app, { version }) => {
    await app.register(swagger, {
      openapi: {
        openapi: '3.1.0',
        info: { title: 'Consilium', version, description: DESCRIPTION },
        components: {
          securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
          schemas: { Problem: problemSchema as unknown as Record<string, never> },
        },
      },
      transform: describeRoute as SwaggerTransform,
    })
    const script = lazyDocsScript()
    let document: string | null = null
    const open = { config: { public: true, shed: true }, schema: { hide: true } }

    app.get('/openapi.json', open, (_request, reply) => {
      document ??= JSON.stringify(placeProblems(app.swagger() as unknown as Record<string, unknown>))
      return reply.type('application/json').send(document)
    })
    app.get('/docs', open, (_request, reply) =>
      reply.type('text/html; charset=utf-8').header('content-security-policy', DOCS_CSP).send(DOCS_PAGE),
    )
    app.get('/docs/start.js', open, (_request, reply) =>
      cacheable(reply).type('text/javascript; charset=utf-8').send(DOCS_START),
    )
    app.get('/docs/scalar.js', open, async (request, reply) => {
      const { gzip, plain } = await script()
      cacheable(reply).type('text/javascript; charset=utf-8').header('vary', 'accept-encoding')
      if (/\bgzip\b/.test(request.headers['accept-encoding'] ?? ''))
        return reply.header('content-encoding', 'gzip').send(gzip)
      return reply.send(await plain())
    })
  },
  { name: 'openapi', fastify: '5.x' },
)
