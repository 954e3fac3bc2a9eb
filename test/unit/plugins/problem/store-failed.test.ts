import Fastify, { type FastifyBaseLogger } from 'fastify'
import { expect, onTestFinished, test } from 'vitest'
import { StoreError, type StoreFault } from '../../../../src/errors.ts'
import problem from '../../../../src/plugins/problem.ts'
import { createLogger } from '../../../../src/telemetry/log.ts'

const CANARY = 'JANE-ROE'

/** What a caller gets, and the log says, when the store fails under a route. */
async function answerTo(fault: StoreFault) {
  const lines: string[] = []
  const log = createLogger('warn', { write: (line) => void lines.push(line) })
  const app = Fastify({ loggerInstance: log as FastifyBaseLogger })
  onTestFinished(() => app.close())
  await app.register(problem)
  app.get('/', async () => {
    throw new StoreError(fault, CANARY, { cause: Object.assign(new Error(CANARY), { code: '57P01', detail: CANARY }) })
  })
  const answer = await app.inject('/')
  expect(answer.body + lines.join()).not.toContain(CANARY)
  return { answer, logged: lines.map((line) => JSON.parse(line)) }
}

test('a store that cannot be reached is 503 for the caller, and named in the log by fault and code', async () => {
  const { answer, logged } = await answerTo('unavailable')
  expect(answer.statusCode).toBe(503)
  expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
  expect(answer.json()).toMatchObject({ code: 'not_ready', detail: expect.stringContaining('store of runs') })
  expect(logged).toMatchObject([
    { level: 40, failure: { name: 'StoreError', code: 'unavailable', cause: { code: '57P01' } } },
  ])
})

test('a bad cursor is the caller’s, and no line of ours', async () => {
  const { answer, logged } = await answerTo('bad_cursor')
  expect(answer.json()).toMatchObject({ status: 400, code: 'invalid_request' })
  expect(logged).toEqual([])
})

test('a damaged store is a fault of the service', async () => {
  const { answer, logged } = await answerTo('corrupt')
  expect(answer.json()).toMatchObject({ status: 500, code: 'internal_error' })
  expect(logged).toMatchObject([{ level: 50, failure: { code: 'corrupt' } }])
})
