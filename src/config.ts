import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { z } from 'zod'
import { int, json, list, secret, share, text } from './config/fields.ts'
import { MEMORY_FIELDS, readMemory } from './config/memory.ts'
import { ORCHESTRATOR_FIELDS, readOrchestrator } from './config/orchestrator.ts'
import { readStore, readWebhooks, STORE_FIELDS, WEBHOOK_FIELDS } from './config/store.ts'
import { MAX_SLOTS } from './contract/roster.ts'
import { ConfigError } from './errors.ts'

/** An address, alone or with a prefix length. */
function isNetwork(item: string): boolean {
  const [address = '', bits, ...rest] = item.split('/')
  const most = isIP(address) === 4 ? 32 : 128
  return (
    isIP(address) !== 0 && rest.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most))
  )
}

const PLACE = 'must be a port (1 to 65535) or an http or https URL'

/**
 * Every variable that the service reads, as text with its default. `.env.example` is held equal to this by a test.
 * An empty variable counts as not set.
 */
export const EnvSchema = z.object({
  HOST: text.default('127.0.0.1'),
  PORT: int(0, 65_535).prefault('8000'),
  NODE_ENV: z.enum(['development', 'production', 'test']).default('development'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),

  JWT_SECRET: secret.optional(),
  JWT_PUBLIC_KEY: text.optional(),
  JWT_JWKS_URL: z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).optional(),
  JWT_ISSUER: text.optional(),
  JWT_AUDIENCE: text.optional(),

  AUTH_FAILURE_LIMIT: int(1, 1_000_000).prefault('30'),
  RATE_LIMIT_MAX: int(1, 1_000_000_000).prefault('6000'),
  RATE_LIMIT_WINDOW_MS: int(1000, 3_600_000).prefault('60000'),
  BODY_LIMIT_BYTES: int(1024, 1_073_741_824).prefault('2097152'),
  MAX_TASKS: int(1, 100_000).prefault('256'),
  TASK_TIMEOUT_MS: int(1, 86_400_000).prefault('120000'),
  RUN_TIMEOUT_MS: int(1, 86_400_000).prefault('600000'),
  LANE_QUEUE_MAX: int(1, 1_000_000).prefault('1000'),
  PRIORITY_AGING_MS: int(1, 86_400_000).prefault('15000'),
  BREAKER_COOLDOWN_MS: int(1, 3_600_000).prefault('5000'),
  SHUTDOWN_GRACE_MS: int(0, 600_000).prefault('25000'),
  TRUST_PROXY: list
    .refine((items) => items.every(isNetwork), 'must be IP addresses or CIDR ranges, for example 10.0.0.0/8')
    .optional(),

  MODEL_HOST: text
    .regex(
      /^([A-Za-z0-9._-]+|\[?[0-9A-Fa-f:.]+\]?)$/,
      'must be a host name or an address, without scheme, port or path',
    )
    .default('127.0.0.1'),
  MODEL_PORTS: json(
    z.record(
      z.string(),
      z.union([z.int(PLACE).min(1, PLACE).max(65_535, PLACE), z.url({ protocol: /^https?$/, error: PLACE })], PLACE),
    ),
    '{"BioMistral-Clinical-7B": 8085}',
  ).optional(),
  MODEL_API_KEYS: json(
    // Anything else cannot stand in a header: every call would fail as if the server were down.
    z.record(z.string(), z.string().regex(/^[!-~]+$/, 'must be printable ASCII without spaces')),
    '{"BioMistral-Clinical-7B": "key"}',
  ).optional(),
  MODELS_FILE: text.optional(),
  ALLOWED_MODEL_HOSTS: list.optional(),
  ALLOW_PHI_EGRESS: z.enum(['true', 'false']).default('false'),
  OLLAMA_NUM_PARALLEL: int(1, MAX_SLOTS).optional(),

  ...STORE_FIELDS,
  ...MEMORY_FIELDS,
  ...ORCHESTRATOR_FIELDS,
  ...WEBHOOK_FIELDS,

  CLASSIFY_BELOW: share.prefault('0'),
  CLASSIFY_MODEL: text.optional(),
  ANSWER_CACHE_BYTES: int(0, 17_179_869_184).prefault('33554432'),
  ANSWER_CACHE_TTL_MS: int(1, 604_800_000).prefault('3600000'),

  METRICS_TOKEN: text.optional(),
})

type Env = z.output<typeof EnvSchema>
export type ReadFile = (path: string) => string

const readText: ReadFile = (path) => readFileSync(path, 'utf8')

function readOrRefuse(name: string, path: string, read: ReadFile): string {
  try {
    return read(path)
  } catch (cause) {
    throw new ConfigError(`${name} names a file that cannot be read: ${path}`, { cause })
  }
}

function parseJsonFile(name: string, path: string, read: ReadFile): unknown {
  const content = readOrRefuse(name, path, read)
  try {
    return JSON.parse(content)
  } catch (error) {
    // The parser's message quotes the file, which may be any file of the machine: only the place is told.
    const [place] = /\(line \d+ column \d+\)/.exec((error as Error).message) ?? []
    throw new ConfigError(`${name} is not JSON: ${path}${place === undefined ? '' : ` ${place}`}`)
  }
}

function readAuth(env: Env, read: ReadFile) {
  const given = [env.JWT_SECRET, env.JWT_PUBLIC_KEY, env.JWT_JWKS_URL].filter((value) => value !== undefined)
  if (given.length > 1) throw new ConfigError('Set only one of JWT_SECRET, JWT_PUBLIC_KEY and JWT_JWKS_URL')
  if (given.length === 0 && env.NODE_ENV === 'production')
    throw new ConfigError(
      'NODE_ENV=production needs one of JWT_SECRET (32 bytes or more), JWT_PUBLIC_KEY or JWT_JWKS_URL',
    )
  const key = env.JWT_PUBLIC_KEY
  const publicKey = key === undefined || key.includes('-----BEGIN') ? key : readOrRefuse('JWT_PUBLIC_KEY', key, read)
  if (publicKey !== undefined && !publicKey.includes('-----BEGIN PUBLIC KEY-----'))
    throw new ConfigError(
      'JWT_PUBLIC_KEY must be a public key in PEM form (-----BEGIN PUBLIC KEY-----), or the path of one',
    )
  return {
    secret: env.JWT_SECRET ?? null,
    publicKey: publicKey ?? null,
    jwksUrl: env.JWT_JWKS_URL ?? null,
    issuer: env.JWT_ISSUER ?? null,
    audience: env.JWT_AUDIENCE ?? null,
  }
}

function shape(env: Env, read: ReadFile) {
  if (env.MODELS_FILE !== undefined && env.MODEL_PORTS !== undefined)
    throw new ConfigError('Set MODELS_FILE or MODEL_PORTS, not both: each says where the models are')
  return {
    host: env.HOST,
    port: env.PORT,
    env: env.NODE_ENV,
    logLevel: env.LOG_LEVEL,
    auth: readAuth(env, read),
    limits: {
      authFailures: env.AUTH_FAILURE_LIMIT,
      rateMax: env.RATE_LIMIT_MAX,
      rateWindowMs: env.RATE_LIMIT_WINDOW_MS,
      bodyBytes: env.BODY_LIMIT_BYTES,
      maxTasks: env.MAX_TASKS,
      taskTimeoutMs: env.TASK_TIMEOUT_MS,
      runTimeoutMs: env.RUN_TIMEOUT_MS,
      laneQueueMax: env.LANE_QUEUE_MAX,
      priorityAgingMs: env.PRIORITY_AGING_MS,
      breakerCooldownMs: env.BREAKER_COOLDOWN_MS,
      shutdownGraceMs: env.SHUTDOWN_GRACE_MS,
    },
    trustProxy: env.TRUST_PROXY ?? null,
    models: {
      host: env.MODEL_HOST,
      ports: env.MODEL_PORTS ?? null,
      apiKeys: env.MODEL_API_KEYS ?? {},
      /** The parsed but not yet checked content of `MODELS_FILE`. */
      file:
        env.MODELS_FILE === undefined
          ? null
          : { path: env.MODELS_FILE, content: parseJsonFile('MODELS_FILE', env.MODELS_FILE, read) },
      allowedHosts: env.ALLOWED_MODEL_HOSTS ?? null,
      /** Whether patient data may go to cloud models. */
      phiEgress: env.ALLOW_PHI_EGRESS === 'true',
      ollamaParallel: env.OLLAMA_NUM_PARALLEL ?? null,
    },
    store: readStore(env),
    memory: readMemory(env),
    orchestrator: readOrchestrator(env, (name, path) => parseJsonFile(name, path, read)),
    webhooks: readWebhooks(env),
    /** Confidence of the classifier below which a small model is asked, and which one. */
    clarifying: { below: env.CLASSIFY_BELOW, model: env.CLASSIFY_MODEL ?? null },
    /** Of tasks that allow it; 0 bytes: no answer is kept. */
    answerCache: { max_bytes: env.ANSWER_CACHE_BYTES, ttl_ms: env.ANSWER_CACHE_TTL_MS },
    metricsToken: env.METRICS_TOKEN ?? null,
  }
}

export type Config = ReturnType<typeof shape>

function deepFreeze<T>(value: T): T {
  // JavaScript cannot freeze bytes.
  if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value) && !Object.isFrozen(value)) {
    Object.freeze(value)
    Object.values(value).forEach(deepFreeze)
  }
  return value
}

/**
 * Reads the environment into a frozen Config. Never falls back to a default when a value is bad: throws a ConfigError
 * that names every bad variable. `read` reads the files that `MODELS_FILE` and `JWT_PUBLIC_KEY` may name.
 */
export function parseConfig(env: Readonly<Record<string, string | undefined>>, read: ReadFile = readText): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''))
  const parsed = EnvSchema.safeParse(given)
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => {
      const [name, ...rest] = issue.path
      return `${String(name)}${rest.length > 0 ? ` (${rest.join('.')})` : ''}: ${issue.message}`
    })
    throw new ConfigError(`Bad configuration:\n  ${lines.join('\n  ')}`)
  }
  return deepFreeze(shape(parsed.data, read))
}
