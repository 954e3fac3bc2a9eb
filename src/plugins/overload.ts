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
  /** @default 92 % of what V8 may use for what lives longer than a moment */
  maxHeapUsedBytes?: number
  /** Milliseconds between two looks. @default 1000 */
  sampleIntervalMs?: number
}

const RETRY_AFTER_S = 5
const HEAP_SHARE = 0.92
const MIB = 1024 * 1024
/** Of the heap's limit V8 counts this many times its semi-space for what has just been made. */
const SEMI_SPACES = 3
/** Of Node 24, where no flag says another. */
const SEMI_SPACE_MIB = 64
const SEMI_SPACE_FLAG = /^--max[-_]semi[-_]space[-_]size=(\d+)$/
/** Of a small heap no less than that is for the rest. */
const OLD_SHARE = 0.4
/** Between two looks at the heap, in ms: large requests fill a small heap in less than a sample. */
const HEAP_LOOK_MS = 50
const pass = () => {}

/**
 * Where the heap counts as nearly full, in bytes, by its limit and the flags that Node was started with. The process ends when
 * what lives longer fills its own part of the heap, long before the whole limit is reached.
 */
export function heapMark(limit: number, flags: readonly string[]): number {
  const semiSpace = flags.map((flag) => SEMI_SPACE_FLAG.exec(flag)?.[1]).findLast((size) => size !== undefined)
  const young = SEMI_SPACES * Number(semiSpace ?? SEMI_SPACE_MIB) * MIB
  return Math.floor(Math.max(limit - young, limit * OLD_SHARE) * HEAP_SHARE)
}

const ownMark = (): number => heapMark(getHeapStatistics().heap_size_limit, process.execArgv)

/** Tells whether the heap is above the mark. */
function heapWatch(mark: number): () => boolean {
  let lookedAt = Number.NEGATIVE_INFINITY
  let full = false
  return () => {
    const now = performance.now()
    if (now - lookedAt >= HEAP_LOOK_MS) {
      lookedAt = now
      full = getHeapStatistics().used_heap_size > mark
    }
    return full
  }
}

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
  async (app, { maxHeapUsedBytes = ownMark(), ...options }) => {
    app.addHook('onRoute', (route) => {
      const { config } = route
      if (config?.public === true && config.shed !== true) route.config = { ...config, pressureHandler: pass }
    })
    await app.register(underPressure, {
      maxEventLoopDelay: options.maxEventLoopDelayMs ?? 1000,
      maxHeapUsedBytes,
      sampleInterval: options.sampleIntervalMs ?? 1000,
      customError: Overloaded,
      retryAfter: RETRY_AFTER_S,
    })
    const isHeapFull = heapWatch(maxHeapUsedBytes)
    const overloaded = new Overloaded()
    app.addHook('onRequest', (request, _reply, done) => {
      const { config } = request.routeOptions
      if (config.pressureHandler !== pass && isHeapFull()) return done(overloaded)
      done()
    })
  },
  { name: 'overload', fastify: '5.x', dependencies: ['problem'] },
)
