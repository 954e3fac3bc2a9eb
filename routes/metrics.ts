import type { FastifyInstance } from 'fastify'

const schema = { summary: 'Prometheus metrics', tags: ['operation'] }

export default async function metrics(app: FastifyInstance): Promise<void> {
  app.get('/metrics', { schema, config: { public: true }, onRequest: app.guardMetrics }, async (_, reply) => {
    const { content_type, text } = await app.service.scrape()
    return reply.type(content_type).send(text)
  })
}
