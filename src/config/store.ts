import { z } from 'zod'
import { ConfigError } from '../errors.ts'
import { int, list, secret, text } from './fields.ts'

const KEY_BYTES = 32
/** Canonical base64 only: a mistyped character must not silently make another key. */
const KEY = /^([A-Za-z0-9][A-Za-z0-9._-]{0,63}):([A-Za-z0-9+/]{43}=)$/

export interface NamedKey {
  name: string
  key: Uint8Array
}

/** `name:base64 of 32 bytes`, or null. */
function parseKey(given: string): NamedKey | null {
  const [, name = '', base64 = ''] = KEY.exec(given) ?? []
  const key = Buffer.from(base64, 'base64')
  return key.length === KEY_BYTES && key.toString('base64') === base64 ? { name, key } : null
}

const KEY_FORM = 'must be name:key, the key being 32 bytes in base64 (openssl rand -base64 32)'

const storeKey = text.transform((value, ctx) => {
  const key = parseKey(value)
  if (key !== null) return key
  ctx.addIssue({ code: 'custom', message: KEY_FORM })
  return z.NEVER
})

const storeKeys = list.transform((items, ctx) => {
  const keys = items.map(parseKey)
  if (!keys.includes(null)) return keys as NamedKey[]
  ctx.addIssue({ code: 'custom', message: `each, separated by commas, ${KEY_FORM}` })
  return z.NEVER
})

const urlOf = (protocol: RegExp, example: string) => z.url({ protocol, error: `must be a URL such as ${example}` })

/** Where runs are kept, and how. */
export const STORE_FIELDS = {
  DATA_DIR: text.default('data'),
  DATABASE_URL: urlOf(/^postgres(ql)?$/, 'postgres://consilium@127.0.0.1:5432/consilium').optional(),
  REDIS_URL: urlOf(/^rediss?$/, 'redis://127.0.0.1:6379').optional(),
  JOURNAL: z.enum(['on', 'off']).default('on'),
  AUDIT_HEAD_FILE: text.optional(),
  AUDIT_HEAD_KEY: secret.optional(),
  STORE_KEY: storeKey.optional(),
  STORE_OLD_KEYS: storeKeys.optional(),
  RETENTION_DAYS: int(1, 36_500).optional(),
}

/** Where the end of a run is told. */
export const WEBHOOK_FIELDS = {
  WEBHOOK_SECRET: secret.optional(),
  WEBHOOK_HOSTS: list.optional(),
}

const StoreEnv = z.object(STORE_FIELDS)
const WebhookEnv = z.object(WEBHOOK_FIELDS)

/** One given without the other does nothing, or less than its owner believes. */
function needs<Env extends object>(env: Env, name: keyof Env, other: keyof Env, why: string): void {
  if (env[name] !== undefined && env[other] === undefined)
    throw new ConfigError(`${String(name)} needs ${String(other)}: ${why}`)
}

function readKeys({ STORE_KEY: current, STORE_OLD_KEYS: old = [] }: z.output<typeof StoreEnv>) {
  if (current === undefined) {
    if (old.length > 0) throw new ConfigError('STORE_OLD_KEYS needs STORE_KEY: old keys only open, nothing would seal')
    return null
  }
  const all = [current, ...old]
  const twice = all.find(
    ({ name, key }, at) => all.findIndex((other) => other.name === name || Buffer.compare(other.key, key) === 0) !== at,
  )
  if (twice !== undefined)
    throw new ConfigError(`STORE_KEY and STORE_OLD_KEYS hold ${twice.name}, its name or its key, more than once`)
  return { current: current.key, old: old.map(({ key }) => key) }
}

/** Throws a ConfigError, without any secret, when variables contradict each other. */
export function readStore(env: z.output<typeof StoreEnv>) {
  needs(
    env,
    'REDIS_URL',
    'DATABASE_URL',
    'replicas share their runs in PostgreSQL; a data folder belongs to one process',
  )
  needs(env, 'AUDIT_HEAD_FILE', 'AUDIT_HEAD_KEY', 'who changes entries could make an unsigned head anew')
  needs(env, 'AUDIT_HEAD_KEY', 'AUDIT_HEAD_FILE', 'without a file nothing is signed')
  return {
    /** `:memory:` keeps nothing. */
    dataDir: env.DATA_DIR,
    /** PostgreSQL; null: SQLite in `dataDir`. */
    databaseUrl: env.DATABASE_URL ?? null,
    /** Set: one of several replicas. */
    redisUrl: env.REDIS_URL ?? null,
    /** false: synchronous runs leave no record but their audit. */
    journal: env.JOURNAL === 'on',
    auditHeadFile: env.AUDIT_HEAD_FILE ?? null,
    auditHeadKey: env.AUDIT_HEAD_KEY === undefined ? null : (Buffer.from(env.AUDIT_HEAD_KEY) as Uint8Array),
    /** Of clinical text at rest; null: it is not sealed. */
    keys: readKeys(env),
    /** Null: for ever. */
    retentionDays: env.RETENTION_DAYS ?? null,
  }
}

export type StoreConfig = ReturnType<typeof readStore>

/** Null: nobody is told. Throws a ConfigError when only one of the two is set. */
export function readWebhooks(env: z.output<typeof WebhookEnv>) {
  needs(env, 'WEBHOOK_SECRET', 'WEBHOOK_HOSTS', 'calls go only to hosts that it lists')
  needs(env, 'WEBHOOK_HOSTS', 'WEBHOOK_SECRET', 'every call is signed')
  const { WEBHOOK_SECRET: key, WEBHOOK_HOSTS: hosts } = env
  return key === undefined || hosts === undefined ? null : { secret: key, hosts }
}
