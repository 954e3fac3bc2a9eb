import { describe, expect, onTestFinished, test } from 'vitest'
import type { Model } from '../../../src/models/port.ts'
import { ModelServers } from '../../../src/models/servers.ts'
import { Replicas } from '../../../src/queue/replicas.ts'
import type { Asker } from '../../../src/run/asker.ts'
import { Backlog } from '../../../src/run/backlog.ts'
import { Cancellation } from '../../../src/run/cancellation.ts'
import { createEmbedder, type EmbedderParts, MOST_TEXTS } from '../../../src/run/embedder.ts'
import { Forecast } from '../../../src/run/forecast.ts'
import { GpuBudget } from '../../../src/run/gpu-budget.ts'
import type { LanePort } from '../../../src/run/lane-port.ts'
import { SharedLane } from '../../../src/run/shared-lane.ts'
import { laneKinds, until } from '../../contracts/lane-subjects.ts'
import { claimant, NO_PRICES } from '../../helpers/fake-port.ts'
import { closedPort } from '../../helpers/raw-server.ts'
import { ownPrefix, REDIS_URL, redisIsWanted } from '../../helpers/redis.ts'
import { startWorkServer } from '../../helpers/work-server.ts'

const LONG = 20_000

const modelAt = (url: string, more: Partial<Model> = {}): Model => ({
  ...{ id: 'm0', url, gpu: 0, slots: 4, context_window: null, served_model: 'm0', api_key: null },
  card: { kind: 'embedding' },
  ...more,
})

const askerOf = (own: Partial<Asker> = {}): Asker => ({
  ...{ claimant: claimant(), priority: 0, rank: 0, purse: NO_PRICES },
  ...own,
})

/** An embedder on this lane. */
function embedderOn(lane: LanePort, model: Model, own: Partial<EmbedderParts> = {}) {
  const models = new ModelServers([model], { breaker_cooldown_ms: LONG, log: () => undefined })
  onTestFinished(() => models.close())
  return createEmbedder(
    {
      ...{ models, lanes: new Map([[model.id, lane]]), forecast: new Forecast(), backlog: new Backlog() },
      ...{ lane_queue_max: 1000, task_timeout_ms: LONG },
      ...own,
    },
    model,
  )
}

describe.each(laneKinds)('embeddings through $name', ({ open }) => {
  async function start(slots: readonly number[], gpu_max?: number) {
    const server = await startWorkServer()
    const { lanes, close } = await open(slots, gpu_max)
    onTestFinished(close)
    return { server, lanes: lanes as [LanePort, ...LanePort[]] }
  }
  const isFree = (lane: LanePort) => until(() => lane.busy === 0 && lane.queued === 0, 'nothing is held')

  test.each([1, 2])('never pass %i slots, whoever asks at once, and give every permit back', async (slots) => {
    const { server, lanes } = await start([slots])
    const embedder = embedderOn(lanes[0], modelAt(server.url))
    const asked = Array.from({ length: 30 }, (_, at) => {
      const texts = Array.from({ length: 1 + (at % 3) * MOST_TEXTS }, () => 'x')
      return embedder.embed(texts, askerOf({ priority: at % 6, claimant: claimant({ tenant: `t${at % 4}` }) }), {})
    })
    for (const [at, made] of (await Promise.all(asked)).entries())
      expect(made).toMatchObject({ ok: true, vectors: { length: 1 + (at % 3) * MOST_TEXTS } })
    expect(server.peak()).toBe(slots)
    expect(server.begun()).toBe(60)
    await isFree(lanes[0])
  })

  test('share the budget of their GPU with every other lane there', async () => {
    const { server, lanes } = await start([2, 2], 1)
    const [own, other] = lanes as [LanePort, LanePort]
    const embedder = embedderOn(own, modelAt(server.url))
    const task = { claimant: claimant(), priority: 0, rank: 0, work: 0, deadline: performance.now() + LONG }
    const claim = { ...task, cancel: new Cancellation() }
    expect(await other.acquire(claim)).toBe('granted')
    const made = embedder.embed(['x'], askerOf(), {})
    await until(() => own.queued === 1, 'it waits')
    expect(server.begun()).toBe(0)
    other.release(claim, 1)
    expect(await made).toMatchObject({ ok: true })
    await isFree(own)
  })

  test('wait behind what is more urgent', async () => {
    const { server, lanes } = await start([1])
    const embedder = embedderOn(lanes[0], modelAt(server.url))
    server.hold('embeddings')
    const first = embedder.embed(['first'], askerOf(), {})
    await server.until(() => server.inputs.length === 1)
    const waiting = [1, 5, 3].map((priority) => embedder.embed([`${priority}`], askerOf({ priority }), {}))
    await until(() => lanes[0].queued === 3, 'all of them wait')
    server.free()
    await Promise.all([first, ...waiting])
    expect(server.inputs.flat()).toEqual(['first', '5', '3', '1'])
  })

  test('that are given up free their permit, waiting or in flight, and hurt nobody else', async () => {
    const { server, lanes } = await start([1])
    const embedder = embedderOn(lanes[0], modelAt(server.url))
    server.hold('embeddings')
    const [flying, waiting] = [new Cancellation(), new Cancellation()]
    const first = embedder.embed(['first'], askerOf(), { cancel: flying })
    await server.until(() => server.inFlight() === 1)
    const second = embedder.embed(['second'], askerOf(), { cancel: waiting })
    const third = embedder.embed(['third'], askerOf(), {})
    await until(() => lanes[0].queued === 2, 'both wait')
    waiting.cancel('cancelled')
    expect(await second).toMatchObject({ ok: false, code: 'cancelled', latency_ms: 0 })
    flying.cancel('cancelled')
    expect(await first).toMatchObject({ ok: false, code: 'cancelled' })
    await server.until(() => server.inputs.length === 2)
    server.free()
    expect(await third).toMatchObject({ ok: true })
    expect(server.inputs.flat()).toEqual(['first', 'third'])
    await isFree(lanes[0])
  })

  test('that nobody answers end at their deadline, and free their permit; so do those that wait', async () => {
    const { server, lanes } = await start([1])
    const embedder = embedderOn(lanes[0], modelAt(server.url))
    server.hold('embeddings')
    const hung = embedder.embed(['hung'], askerOf(), { deadline: performance.now() + 400 })
    await server.until(() => server.inFlight() === 1)
    const waits = embedder.embed(['waits'], askerOf(), { deadline: performance.now() + 50 })
    expect(await waits).toMatchObject({ ok: false, code: 'task_timeout', message: expect.stringContaining('m0') })
    expect(await hung).toMatchObject({ ok: false, code: 'upstream_timeout' })
    await isFree(lanes[0])
    server.free()
    expect(await embedder.embed(['next'], askerOf(), {})).toMatchObject({ ok: true })
    expect(server.inputs.flat()).toEqual(['hung', 'next'])
  })
})

describe('embeddings of a model', () => {
  const [own] = laneKinds as [(typeof laneKinds)[0]]
  const oneLane = async (slots = 1) => (await own.open([slots])).lanes[0] as LanePort

  test('of many texts are asked for in portions, each under a permit of its own, and come as one', async () => {
    const server = await startWorkServer()
    const lane = await oneLane()
    const embedder = embedderOn(lane, modelAt(server.url))
    const texts = Array.from({ length: 2 * MOST_TEXTS + 3 }, (_, at) => 'x'.repeat(at + 1))
    server.hold('embeddings')
    const all = embedder.embed(texts, askerOf(), {})
    await server.until(() => server.inFlight() === 1)
    const between = embedder.embed(['urgent'], askerOf({ priority: 5 }), {})
    await until(() => lane.queued === 1, 'the urgent one waits')
    server.free()
    expect(await between).toMatchObject({ ok: true })
    expect(await all).toEqual({
      ...{ ok: true, model: 'm0', tokens: 2 * texts.length, latency_ms: expect.any(Number) },
      vectors: texts.map((text) => Float32Array.of(1, text.length)),
    })
    expect(server.inputs.map(({ length }) => length)).toEqual([MOST_TEXTS, 1, MOST_TEXTS, 3])
  })

  test('of no text are none, and nobody is asked', async () => {
    const server = await startWorkServer()
    const embedder = embedderOn(await oneLane(), modelAt(server.url))
    expect(await embedder.embed([], askerOf(), {})).toMatchObject({ ok: true, vectors: [] })
    expect(server.begun()).toBe(0)
  })

  test('that change their dimensions between two portions are a bad answer', async () => {
    const server = await startWorkServer({ vector: (text) => (text === 'last' ? [1] : [1, 2]) })
    const embedder = embedderOn(await oneLane(), modelAt(server.url))
    const texts = [...Array.from({ length: MOST_TEXTS }, () => 'x'), 'last']
    expect(await embedder.embed(texts, askerOf(), {})).toMatchObject({ ok: false, code: 'bad_upstream_response' })
  })

  test('have one deadline for all portions together', async () => {
    const server = await startWorkServer({ takes_ms: 100 })
    const lane = await oneLane()
    const texts = Array.from({ length: 50 * MOST_TEXTS }, () => 'x')
    const deadline = performance.now() + 350
    const failed = await embedderOn(lane, modelAt(server.url)).embed(texts, askerOf(), { deadline })
    // A deadline that falls between two portions is met in the lane.
    expect(failed).toMatchObject({ ok: false, code: expect.stringMatching(/^(upstream|task)_timeout$/) })
    expect(server.begun()).toBeLessThan(6)
    expect(lane.busy).toBe(0)
  })

  test('are refused while the lane is full, with when to come back', async () => {
    const server = await startWorkServer()
    const lane = await oneLane()
    const embedder = embedderOn(lane, modelAt(server.url), { lane_queue_max: 1 })
    server.hold('embeddings')
    const taken = [embedder.embed(['a'], askerOf(), {}), embedder.embed(['b'], askerOf(), {})]
    await until(() => lane.queued === 1, 'one waits')
    const refused = await embedder.embed(['c'], askerOf(), {})
    expect(refused).toMatchObject({ ok: false, code: 'queue_full', retry_after_ms: expect.any(Number) })
    server.free()
    for (const made of await Promise.all(taken)) expect(made).toMatchObject({ ok: true })
    expect(server.inputs.flat()).toEqual(['a', 'b'])
  })

  test('open the breaker of their server when it fails, and are not sent while it is open', async () => {
    const server = await startWorkServer()
    const lane = await oneLane()
    const embedder = embedderOn(lane, modelAt(server.url))
    server.fail(500)
    for (let at = 0; at < 5; at++)
      expect(await embedder.embed(['x'], askerOf(), {})).toMatchObject({ code: 'upstream_error' })
    expect(await embedder.embed(['x'], askerOf(), {})).toMatchObject({ ok: false, code: 'breaker_open' })
    expect(server.begun()).toBe(5)
    expect(lane.busy).toBe(0)
  })

  test('go to no model that is off, and hold no patient data where it may have none', async () => {
    const server = await startWorkServer()
    const off = embedderOn(await oneLane(), modelAt(server.url, { off: 'This cloud model is off.' }))
    expect(await off.embed(['a'], askerOf(), { phi: false })).toMatchObject({
      ...{ ok: false, code: 'egress_refused', message: 'This cloud model is off.' },
    })
    const cloud = embedderOn(await oneLane(), modelAt(server.url, { no_phi: 'Patient data may not go there.' }))
    expect(await cloud.embed(['a'], askerOf(), {})).toMatchObject({ code: 'egress_refused' })
    expect(server.begun()).toBe(0)
    expect(await cloud.embed(['a'], askerOf(), { phi: false })).toMatchObject({ ok: true })
  })

  test('of a server that is not there are told as such, and free their permit', async () => {
    const lane = await oneLane()
    const embedder = embedderOn(lane, modelAt(`http://127.0.0.1:${await closedPort()}/v1`))
    expect(await embedder.embed(['a'], askerOf(), {})).toMatchObject({ ok: false, code: 'upstream_unreachable' })
    expect(lane.busy).toBe(0)
  })

  test('whose permit is taken when a fault of ours is thrown give it back', async () => {
    const lane = await oneLane()
    const models = { embed: () => Promise.reject(new Error('ours')) }
    const embedder = embedderOn(lane, modelAt('http://127.0.0.1:1/v1'), { models })
    await expect(embedder.embed(['a'], askerOf(), {})).rejects.toThrow('ours')
    expect(lane.busy).toBe(0)
  })
})

describe.skipIf(!redisIsWanted)('replicas that make embeddings at one server', () => {
  test.each([1, 2])('never pass its %i slots together', async (slots) => {
    const server = await startWorkServer({ takes_ms: 2 })
    const model = modelAt(server.url)
    const prefix = ownPrefix()
    const replicas = ['a', 'b', 'c'].map(
      // A machine that is busy with other tests must not look like a Redis that is away: then shares would count.
      (replica) => new Replicas({ url: REDIS_URL, prefix, replica, log: () => undefined, silence_ms: 10_000 }),
    )
    onTestFinished(async () => {
      for (const one of replicas) await one.close()
    })
    const lanes = replicas.map((one) => {
      const source = one.permitsOf({ url: model.url, served_model: 'm0', slots, gpu: { id: 0, max: null } })
      return new SharedLane('m0', slots, new GpuBudget(0), 15_000, source)
    })
    await Promise.all(replicas.map((one) => one.settled(10_000)))
    const embedders = lanes.map((lane) => embedderOn(lane, model))
    const asked = Array.from({ length: 60 }, (_, at) =>
      embedders[at % 3]?.embed(['x'], askerOf({ claimant: claimant() }), {}),
    )
    for (const made of await Promise.all(asked)) expect(made).toMatchObject({ ok: true })
    expect(server.begun()).toBe(60)
    expect(server.peak()).toBe(slots)
    for (const lane of lanes) expect([lane.busy, lane.queued]).toEqual([0, 0])
  })
})
