import { getHeapStatistics } from 'node:v8'
import underPressure from '@fastify/under-pressure'
import fp from 'fastify-plugin'
import { Problem } from '../errors.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** True: refused under overload although it is public. */
    shed?: boolean
    pressureHandler?: () => void
  }
}

export interface OverloadOptions {
  /** Mean delay of the event loop over one sample, in milliseconds. @default 1000 */
  maxEventLoopDelayMs?: number
  /** @default 92 % of the heap that V8 may use */
  maxHeapUsedBytes?: number
  /** Milliseconds between two looks. @default 1000 */
  sampleIntervalMs?: number
}

const RETRY_AFTER_S = 5
const HEAP_SHARE = 0.92
const pass = () => {}

/** One instance serves all refusals: under overload even a stack trace is too much work. */
class Overloaded extends Problem {
  constructor() {
    super('overloaded', 'The service has more work than it can do now. Try again shortly.', {
      retryAfterS: RETRY_AFTER_S,
    })
  }
}

/**
 * Refuses requests with 503 while the event loop lags or the heap is nearly full, before their token is looked at.
 * Public routes (health, metrics) are always answered unless they say `shed: true`: they tell what is wrong.
 */
export default fp<OverloadOptions>(
  async (app, options) => {
    app.addHook('onRoute', (route) => {
      const { config } = route
      if (config?.public === true && config.shed !== true) route.config = { ...config, pressureHandler: pass }
    })
    await app.register(underPressure, {
      maxEventLoopDelay: options.maxEventLoopDelayMs ?? 1000,
      maxHeapUsedBytes: options.maxHeapUsedBytes ?? Math.floor(getHeapStatistics().heap_size_limit * HEAP_SHARE),
      sampleInterval: options.sampleIntervalMs ?? 1000,
      customError: Overloaded,
      retryAfter: RETRY_AFTER_S,
    })
  },
  { name: 'overload', fastify: '5.x', dependencies: ['problem'] },
)
