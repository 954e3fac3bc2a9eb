import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { buildApp } from '../../src/app.ts'
import { parseConfig } from '../../src/config.ts'
import { createLogger } from '../../src/telemetry/log.ts'
import { ownDataDir } from '../data-dir.ts'
import { BENCH_SECRET } from '../secret.ts'
import { report } from '../subjects/report.ts'

/**
 * The whole service as an operator runs it, on the roster that it is told as JSON; logs go to /dev/null. The rate limit is
 * out of the way: it would turn callers away before admission does, and admission is what the load benches measure.
 */
const roster = process.argv[2] as string
const env = {
  JWT_SECRET: BENCH_SECRET,
  NODE_ENV: 'production',
  RATE_LIMIT_MAX: '1000000000',
  MODELS_FILE: 'bench',
  DATA_DIR: ownDataDir(),
  JOURNAL: 'off',
}
const app = await buildApp(
  parseConfig(env, () => roster),
  {
    log: createLogger(
      'info',
      pino.destination({ dest: '/dev/null', sync: false, minLength: 4096, periodicFlush: 250 }),
    ),
  },
)
await app.listen({ host: '127.0.0.1', port: 0 })
report((app.server.address() as AddressInfo).port)
