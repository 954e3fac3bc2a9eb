import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import type { Model } from '../../../src/models/port.ts'
import { ModelServers } from '../../../src/models/servers.ts'
import { until } from '../../integration/faults/until.ts'
import { ask, modelAt, UNCANCELLED } from '../../integration/models/subject.ts'

/** Servers of the models at one real server, which counts who is asked by the first part of the path. */
async function serversOf(models: Record<string, Partial<Model>>) {
  const asked = new Set<string>()
  const http = createServer((request, response) => {
    asked.add(request.url?.split('/')[1] ?? '')
    response.setHeader('content-type', 'application/json')
    response.end('{"choices": [{"message": {"content": "Yes."}, "finish_reason": "stop"}]}')
  }).listen(0, '127.0.0.1')
  await once(http, 'listening')
  const at = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  const listed = Object.entries(models).map(([id, parts]) => modelAt(`${at}/${id}/v1`, { id, ...parts }))
  const servers = new ModelServers(listed, { breaker_cooldown_ms: 1000, log: () => undefined })
  onTestFinished(async () => {
    await servers.close()
    http.close()
  })
  const call = (id: string, phi?: boolean) =>
    servers.call(listed.find((model) => model.id === id) as Model, ask(phi === undefined ? {} : { phi }), UNCANCELLED)
  return { servers, asked, call }
}

test('a model that is off is asked nothing at all', async () => {
  const { servers, asked, call } = await serversOf({ shut: { off: 'It needs a key.' }, open: {} })
  expect(await call('shut')).toMatchObject({
    ok: false,
    code: 'egress_refused',
    message: 'It needs a key.',
    transient: false,
  })
  servers.start()
  await until(() => asked.has('open'), 'the look at the other server')
  expect([...asked]).toEqual(['open'])
})

test('every text that does not say otherwise counts as patient data, and stays away from a closed model', async () => {
  const { asked, call } = await serversOf({ cloud: { no_phi: 'ALLOW_PHI_EGRESS is not true.' } })
  for (const phi of [undefined, true])
    expect(await call('cloud', phi)).toMatchObject({ ok: false, code: 'egress_refused' })
  expect([...asked]).toEqual([])
  expect(await call('cloud', false)).toMatchObject({ ok: true, content: 'Yes.' })
})
