import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { buildApp } from '../../src/app.ts'
import { parseConfig } from '../../src/config.ts'
import { createLogger } from '../../src/telemetry/log.ts'
import { workflows } from '../../workflows/index.ts'
import { ownDataDir } from '../data-dir.ts'
import { BENCH_SECRET } from '../secret.ts'
import { report } from './report.ts'

/**
 * The whole service as an operator runs it: JWT, validation, rate limit, metrics, logs (to /dev/null), audit on SQLite. Runs
 * leave a record only with `BENCH_JOURNAL=on`. With `BENCH_SERVICE_DATABASE_URL` all of that goes to PostgreSQL.
 */
const models = process.argv
  .slice(2)
  .map((port, gpu) => ({ id: `bench-${gpu}`, url: `http://127.0.0.1:${port}/v1`, gpu, slots: 256 }))
const on = (index: number) => ({ model: `bench-${index % models.length}` })
const agents = { Clinical: on(0), MedicalQA: on(0), Billing: on(1), Claims: on(1) }

const config = parseConfig(
  {
    JWT_SECRET: BENCH_SECRET,
    NODE_ENV: 'production',
    MAX_TASKS: '1000',
    RATE_LIMIT_MAX: '1000000000',
    MODELS_FILE: 'bench',
    DATA_DIR: ownDataDir(),
    JOURNAL: process.env.BENCH_JOURNAL ?? 'off',
    DATABASE_URL: process.env.BENCH_SERVICE_DATABASE_URL,
  },
  () => JSON.stringify({ models, agents }),
)
const app = await buildApp(config, {
  workflows,
  log: createLogger('info', pino.destination({ dest: '/dev/null', sync: false, minLength: 4096, periodicFlush: 250 })),
})
await app.listen({ host: '127.0.0.1', port: 0 })
report((app.server.address() as AddressInfo).port)
