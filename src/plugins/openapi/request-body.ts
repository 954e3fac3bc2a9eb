interface RequestBody {
  required?: boolean
  content?: Record<string, { schema?: { anyOf?: readonly { type?: unknown }[] } }>
}

/** A body that may be null may be left out too. @fastify/swagger calls every body required. */
export function requestBodyOf(body: RequestBody | undefined): { requestBody?: RequestBody } {
  if (body === undefined) return {}
  const schemas = Object.values(body.content ?? {}).flatMap(({ schema }) => schema?.anyOf ?? [])
  return { requestBody: { ...body, required: !schemas.some(({ type }) => type === 'null') } }
}
