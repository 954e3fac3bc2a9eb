import { expect, it } from 'vitest'
import type { RosterFile } from '../../src/contract/roster.ts'
import { TaskAnswer } from '../../src/contract/tasks.ts'
import { authorization, startService, type TestService } from '../helpers/service.ts'
import { startWorkServer, type WorkServer } from '../helpers/work-server.ts'

const rosterOn =
  ({ url }: WorkServer) =>
  ({ agents }: RosterFile): RosterFile => ({
    gpus: [{ id: 0 }],
    models: [
      { id: 'chat', served_model: 'chat', url, gpu: 0, slots: 1, context_window: 8192 },
      { id: 'embedder', served_model: 'embedder', url, gpu: 0, slots: 1, kind: 'embedding' },
    ],
    agents: Object.fromEntries(Object.keys(agents).map((agent) => [agent, { model: 'chat', fallbacks: [] }])),
  })

async function start() {
  const server = await startWorkServer()
  return { server, service: await startService({ roster: rosterOn(server) }) }
}

const LACTATE = { task: 'Lactate?', model: 'chat', store_memory: true }

const ask = async ({ app }: TestService, payload: object): Promise<TaskAnswer> => {
  const response = await app.inject({ method: 'POST', url: '/v1/tasks', headers: authorization(), payload })
  return TaskAnswer.parse(response.json())
}

const documentsOf = async (service: TestService): Promise<number> =>
  (await service.get('/v1/memories')).json().documents.length

it('an embedding model that hangs holds an answer no longer than its timeout_ms, and the answer says why nothing is kept', async () => {
  const { server, service } = await start()
  server.hold('embeddings')
  const answer = await ask(service, { ...LACTATE, timeout_ms: 1000 })
  expect(answer).toMatchObject({ success: true, memory: { stored: false } })
  expect(answer.memory?.reason).toContain('upstream_timeout')
  expect(server.begun('embeddings')).toBe(1)
})

it('a caller who leaves while their answer is remembered frees the embedding model', async () => {
  const { server, service } = await start()
  server.hold('embeddings')
  const address = await service.listen()
  const leave = new AbortController()
  const asked = fetch(`${address}/v1/tasks`, {
    method: 'POST',
    headers: { ...authorization(), 'content-type': 'application/json' },
    body: JSON.stringify(LACTATE),
    signal: leave.signal,
  })
  const left = expect(asked).rejects.toThrow()
  await server.until(() => server.begun('embeddings') === 1)
  leave.abort()
  await left
  await server.until(() => server.inFlight() === 0)
})

it('an answer that was known before is not remembered again', async () => {
  const { service } = await start()
  expect((await ask(service, { ...LACTATE, cache: true })).memory).toEqual({ stored: true, reason: null })
  const again = await ask(service, { ...LACTATE, cache: true })
  expect([again.metadata.cached, again.memory]).toEqual([
    true,
    { stored: false, reason: expect.stringContaining('known before (cached)') },
  ])
  expect(await documentsOf(service)).toBe(1)
})
