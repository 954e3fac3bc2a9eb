import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startSimulator } from '../../simulator/simulate.ts'
import { workflows } from '../../workflows/index.ts'
import { buildApp } from '../app.ts'
import { type Config, parseConfig } from '../config.ts'
import type { RosterFile } from '../contract/roster.ts'
import { createLogger } from '../telemetry/log.ts'
import { signToken } from '../token.ts'

export interface DemoService {
  address: string
  token: string
  /** How many simulated model servers answer; null when real ones are configured. */
  simulated: number | null
  stop: () => Promise<void>
}

type Env = Readonly<Record<string, string | undefined>>

const HOST = '127.0.0.1'
const TOKEN_LIFE_S = 3600

/** What each simulated model takes for an answer: near enough for an overlap to show, none a multiple of another. */
const LATENCY_MS: Readonly<Record<string, number>> = {
  'BioMistral-Clinical-7B': 1100,
  'BiMediX2-8B': 1200,
  'OpenInsurance-LLaMA3-8B': 1000,
  'Tiny-LLaMA-1.1B-Medical': 400,
  'Tiny-LLaMA-1.1B-Chat': 300,
}

const KEEPING = ['DATABASE_URL', 'REDIS_URL', 'AUDIT_HEAD_FILE', 'AUDIT_HEAD_KEY', 'WEBHOOK_SECRET', 'WEBHOOK_HOSTS']

const latencyMs = (_request: unknown, { id }: { id: string }): number => LATENCY_MS[id] ?? 500

/** The environment's settings, but for where the demo listens and how it signs: it is its own only caller. */
function demoConfig(env: Env, secret: string, folder: string): Config {
  const quiet = env.LOG_LEVEL ? {} : { LOG_LEVEL: 'error' }
  const own = {
    HOST,
    PORT: '0',
    JWT_SECRET: secret,
    JWT_PUBLIC_KEY: undefined,
    JWT_JWKS_URL: undefined,
    // What a real service keeps is none of the demo's business.
    DATA_DIR: folder,
    ...Object.fromEntries(KEEPING.map((name) => [name, undefined])),
  }
  return parseConfig({ ...env, ...quiet, ...own })
}

/** The settings of real model servers (keys, allowed hosts) say nothing about simulated ones. */
const onRoster = (config: Config, content: RosterFile): Config => ({
  ...config,
  models: { ...config.models, file: { path: '(simulated)', content }, apiKeys: {}, allowedHosts: null },
})

/**
 * The whole service on a free loopback port with a token for it, and with simulated model servers where neither
 * MODEL_PORTS nor MODELS_FILE says where real ones are. `log` takes the service's log lines. Throws a ConfigError on a
 * bad setting.
 */
export async function startDemoService(env: Env, log: (line: string) => void): Promise<DemoService> {
  const secret = randomBytes(32).toString('base64url')
  const folder = mkdtempSync(join(tmpdir(), 'consilium-demo-'))
  const forget = () => rmSync(folder, { recursive: true, force: true })
  process.once('exit', forget)
  const config = demoConfig(env, secret, folder)
  const real = config.models.ports !== null || config.models.file !== null
  const simulator = real ? null : await startSimulator({ host: HOST, ports: 'free', latencyMs })
  const stopSimulator = async () => simulator?.close()
  try {
    const settled = simulator ? onRoster(config, simulator.roster) : config
    const app = await buildApp(settled, { workflows, log: createLogger(config.logLevel, { write: log }) })
    const address = await app.listen({ host: HOST, port: 0 })
    const { issuer, audience } = config.auth
    return {
      address,
      token: signToken(secret, { subject: 'demo', issuer, audience, expiresInS: TOKEN_LIFE_S }),
      simulated: simulator ? simulator.servers.size : null,
      stop: async () => {
        await app.stop()
        forget()
        await stopSimulator()
      },
    }
  } catch (error) {
    await stopSimulator()
    throw error
  }
}
