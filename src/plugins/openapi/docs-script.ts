import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import Fastify from 'fastify'

/** The page's script, packed; unpacked it has 4 MB. */
export interface DocsScript {
  gzip: Buffer
  plain: () => Promise<Buffer>
}

async function load(): Promise<DocsScript> {
  const { default: scalar } = await import('@scalar/fastify-api-reference')
  // The package gives its browser script only through a route of its plugin: an instance that never listens reads it.
  const holder = Fastify()
  await holder.register(scalar, { routePrefix: '/docs', configuration: { url: '/openapi.json' } })
  const { rawPayload, statusCode } = await holder.inject('/docs/js/scalar.js')
  await holder.close()
  if (statusCode !== 200) throw new Error(`@scalar/fastify-api-reference did not give its script: ${statusCode}`)
  const packed = await promisify(gzip)(rawPayload)
  return { gzip: packed, plain: () => promisify(gunzip)(packed) }
}

/**
 * A function that loads the script at its first call and keeps it: the package costs some 20 MB of memory, which a
 * service whose docs nobody opens should not pay. A failed load is tried again at the next call.
 */
export function lazyDocsScript(): () => Promise<DocsScript> {
  let script: Promise<DocsScript> | null = null
  return () => {
    script ??= load().catch((error: unknown) => {
      script = null
      throw error
    })
    return script
  }
}
