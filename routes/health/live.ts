import type { FastifyInstance } from 'fastify'
import { Liveness } from '../../src/contract/views.ts'

const schema = { summary: 'Whether the process is alive', tags: ['operation'], response: { 200: Liveness } }

export default async function live(app: FastifyInstance): Promise<void> {
  app.get('/live', { schema, config: { public: true } }, () => ({ status: 'ok' as const }))
}
