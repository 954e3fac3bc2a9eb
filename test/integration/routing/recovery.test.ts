import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { ModelClient } from '../../../src/models/client.ts'
import { failure } from '../../../src/models/failure.ts'
import type { Model } from '../../../src/models/port.ts'
import type { Roster } from '../../../src/models/roster.ts'
import { ModelServers } from '../../../src/models/servers.ts'
import { wishesOf } from '../../../src/plan/route.ts'
import { createRouter } from '../../../src/router.ts'
import { Forecast } from '../../../src/run/forecast.ts'
import { completion } from '../../helpers/fake-port.ts'
import { ask, modelAt, UNCANCELLED } from '../models/subject.ts'

const card = { strengths: [], weaknesses: [], price: { input: 0, output: 0 } }
/** Better by little: any doubt about it gives the task to the other one. */
const BEST = modelAt('http://127.0.0.1:1/v1', { id: 'best', card: { ...card, speed: 5, quality: 5.3 } })
const OTHER = modelAt('http://127.0.0.1:2/v1', { id: 'other', card: { ...card, speed: 5, quality: 5 } })

/** A router over two servers that nobody asks anything, on a clock that only the test moves. */
function routed() {
  let at = 1000
  const now = () => at
  const models = [BEST, OTHER]
  const servers = new ModelServers(models, { breaker_cooldown_ms: 5000, log: () => undefined, now })
  onTestFinished(() => servers.close())
  const forecast = new Forecast(now)
  const roster = { models: new Map(models.map((model) => [model.id, model])), routing: {} } as unknown as Roster
  const router = createRouter({ roster, servers, forecast, estimatedWaitMs: () => 0, phi_egress: false })
  const decide = () =>
    router.route({ ...wishesOf({}), text: 'Is 38.2 °C a fever?', chars: 20, max_tokens: 512, task_type: null }).decision
  const termOf = (id: string) => decide().table.find(({ model }) => model === id)?.live
  return { servers, forecast, decide, termOf, pass: (ms: number) => (at += ms) }
}

/** One call to a server whose client answers so. */
async function once(servers: ModelServers, model: Model, ends: 'ok' | 'upstream_error' | 'upstream_timeout') {
  const complete = vi.spyOn(ModelClient.prototype, 'complete')
  complete.mockResolvedValue(ends === 'ok' ? completion() : failure(ends, ends === 'upstream_timeout' ? 120_000 : 1))
  await servers.call(model, ask(), UNCANCELLED)
  complete.mockRestore()
}

describe('a model that was passed over', () => {
  it('because its first call failed is chosen again after some time, though nobody called it', async () => {
    const { servers, decide, termOf, pass } = routed()
    expect(decide().target_model).toBe('best')
    await once(servers, BEST, 'upstream_error')
    expect([decide().target_model, termOf('best')]).toEqual(['other', expect.closeTo(0.8, 9)])
    pass(10 * 60_000)
    expect(decide().target_model).toBe('best')
  })

  it('because an inference hung there is tried again after a minute, though its probes never showed more than before', async () => {
    const { servers, decide, pass } = routed()
    const gateOf = () => decide().table.find(({ model }) => model === 'best')?.gate?.code
    await once(servers, BEST, 'upstream_timeout')
    expect([servers.view('best').reachable, gateOf()]).toEqual([false, 'unreachable'])
    pass(59_000)
    expect(gateOf()).toBe('unreachable')
    pass(1000)
    expect([servers.view('best').reachable, gateOf()]).toEqual([false, undefined])
    await once(servers, BEST, 'upstream_timeout')
    expect(gateOf()).toBe('unreachable')
    pass(60_000)
    await once(servers, BEST, 'ok')
    expect([servers.view('best').reachable, gateOf()]).toEqual([true, undefined])
  })

  it('for what an outage has left behind is chosen again, too', async () => {
    const { servers, decide, pass } = routed()
    for (let at = 0; at < 5; at++) await once(servers, BEST, 'upstream_error')
    expect(decide().table.find(({ model }) => model === 'best')?.gate?.code).toBe('breaker_open')
    pass(5000)
    await once(servers, BEST, 'ok')
    expect([servers.view('best').breaker, decide().target_model]).toEqual(['closed', 'other'])
    pass(12 * 60_000)
    expect(decide().target_model).toBe('best')
  })

  it('because its model had to be loaded first is chosen again, too', () => {
    const { forecast, decide, termOf, pass } = routed()
    forecast.learn('auto', 'best', 12_000, 60, true)
    expect([decide().target_model, termOf('best')]).toEqual(['other', expect.closeTo(0.4517, 4)])
    pass(20 * 60_000)
    expect(decide().target_model).toBe('best')
  })
})
