import { generateKeyPairSync } from 'node:crypto'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../src/config.ts'
import { ConfigError } from '../../src/errors.ts'

const SECRET = 'a-secret-of-at-least-thirty-two-bytes'
const { publicKey, privateKey } = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})

/** Files by path; anything else cannot be read. */
const files = (content: Record<string, string>) => (path: string) => {
  const text = content[path]
  if (text === undefined) throw new Error(`ENOENT: ${path}`)
  return text
}

const errorOf = (env: Record<string, string | undefined>, read = files({})): ConfigError => {
  try {
    parseConfig(env, read)
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError)
    return error as ConfigError
  }
  throw new Error('The configuration was accepted')
}

const messageOf = (...given: Parameters<typeof errorOf>): string => errorOf(...given).message

describe('the configuration', () => {
  it('needs no variable at all to start in development', () => {
    const config = parseConfig({})
    expect(config).toMatchObject({ host: '127.0.0.1', port: 8000, env: 'development', logLevel: 'info' })
    expect(config.limits).toMatchObject({
      authFailures: 30,
      maxTasks: 256,
      taskTimeoutMs: 120_000,
      runTimeoutMs: 600_000,
      laneQueueMax: 1000,
      priorityAgingMs: 15_000,
      breakerCooldownMs: 5000,
    })
    expect(config.models).toEqual({
      host: '127.0.0.1',
      ports: null,
      apiKeys: {},
      file: null,
      allowedHosts: null,
      phiEgress: false,
      ollamaParallel: null,
    })
  })

  it('takes an empty variable as one that is not set', () => {
    const names = ['PORT', 'JWT_SECRET', 'MODEL_PORTS', 'MODELS_FILE', 'ALLOWED_MODEL_HOSTS', 'NODE_ENV']
    expect(parseConfig(Object.fromEntries(names.map((name) => [name, ''])))).toEqual(parseConfig({}))
  })

  it('ignores variables that are not its own', () => {
    expect(parseConfig({ PATH: '/bin', HOME: '/root', JWT_SECRETS: 'x' })).toEqual(parseConfig({}))
  })

  it('cannot be changed once it is read, at any depth', () => {
    const config = parseConfig({ MODELS_FILE: 'r.json' }, files({ 'r.json': '{"models": [{"id": "m"}]}' }))
    const write = (target: object, key: string) => () => Reflect.set(target, key, 1, target)
    for (const target of [config, config.auth, config.limits, config.models, config.models.apiKeys])
      expect(write(target, 'host')(), Object.keys(target).join()).toBe(false)
    const content = config.models.file?.content as { models: object[] }
    expect(Object.isFrozen(content.models[0])).toBe(true)
  })

  it('reads lists without blanks', () => {
    const config = parseConfig({ ALLOWED_MODEL_HOSTS: ' gpu1 , gpu2:8085,, ', TRUST_PROXY: '10.0.0.0/8' })
    expect(config.models.allowedHosts).toEqual(['gpu1', 'gpu2:8085'])
    expect(config.trustProxy).toEqual(['10.0.0.0/8'])
  })

  it('reads ports and base URLs of models from one variable', () => {
    const given = { 'BiMediX2-8B': 9001, 'BioMistral-Clinical-7B': 'http://gpu1:8085/v1' }
    expect(parseConfig({ MODEL_PORTS: JSON.stringify(given) }).models.ports).toEqual(given)
  })
})

describe('a bad variable stops the start and is named', () => {
  const whole = ['-1', '1.5', '1e3', 'ten', ' 5', '0x10', '99999999999999999999']
  const numbers = [
    'PORT',
    'AUTH_FAILURE_LIMIT',
    'RATE_LIMIT_MAX',
    'RATE_LIMIT_WINDOW_MS',
    'BODY_LIMIT_BYTES',
    'MAX_TASKS',
    'TASK_TIMEOUT_MS',
    'RUN_TIMEOUT_MS',
    'LANE_QUEUE_MAX',
    'PRIORITY_AGING_MS',
    'BREAKER_COOLDOWN_MS',
    'SHUTDOWN_GRACE_MS',
  ]
  it.each(numbers)('%s must be a whole number within its bounds', (name) => {
    for (const value of whole) {
      const message = messageOf({ [name]: value })
      expect(message).toMatch(new RegExp(`${name}: must be a whole number from \\d+ to \\d+`))
      expect(message.match(/must be/g), 'said once').toHaveLength(1)
    }
  })

  it.each([
    ['PORT', '65536'],
    ['MAX_TASKS', '0'],
    ['TASK_TIMEOUT_MS', '86400001'],
    ['BODY_LIMIT_BYTES', '10'],
  ])('%s=%s is out of bounds', (name, value) => {
    expect(messageOf({ [name]: value })).toContain(`${name}: must be a whole number from`)
  })

  it.each([
    ['HOST', '   '],
    ['NODE_ENV', 'prod'],
    ['LOG_LEVEL', 'verbose'],
    ['JWT_SECRET', 'short'],
    ['JWT_JWKS_URL', 'file:///etc/passwd'],
    ['JWT_JWKS_URL', 'not a url'],
    ['MODEL_HOST', 'http://gpu1'],
    ['MODEL_HOST', 'gpu1:8085'],
    ['MODEL_HOST', 'gpu1/v1'],
    ['MODEL_HOST', 'user@gpu1'],
    ['MODEL_PORTS', '{oops'],
    ['MODEL_PORTS', '[8085]'],
    ['MODEL_PORTS', '{"BiMediX2-8B": 0}'],
    ['MODEL_PORTS', '{"BiMediX2-8B": 70000}'],
    ['MODEL_PORTS', '{"BiMediX2-8B": "ftp://127.0.0.1/v1"}'],
    ['MODEL_PORTS', '{"BiMediX2-8B": "8085"}'],
    ['MODEL_API_KEYS', 'key'],
    ['MODEL_API_KEYS', '{"BiMediX2-8B": ""}'],
    ['MODEL_API_KEYS', '{"BiMediX2-8B": "line\\nbreak"}'],
  ])('%s=%s', (name, value) => {
    expect(messageOf({ [name]: value })).toMatch(new RegExp(`^Bad configuration:\\n {2}${name}[: ]`))
  })

  it('says which model of a JSON variable is wrong, and what belongs there', () => {
    for (const value of ['0', '70000', '1.5', '"8085"', '"ftp://gpu1/v1"', 'null', '{}'])
      expect(messageOf({ MODEL_PORTS: `{"BiMediX2-8B": ${value}}` })).toContain(
        'MODEL_PORTS (BiMediX2-8B): must be a port (1 to 65535) or an http or https URL',
      )
    expect(messageOf({ MODEL_PORTS: '{oops' })).toContain('must be JSON, for example {"BioMistral-Clinical-7B": 8085}')
  })

  it('lists every bad variable at once', () => {
    const message = messageOf({ PORT: 'http', NODE_ENV: 'prod', MODEL_PORTS: '{', JWT_SECRET: 'short' })
    for (const name of ['PORT', 'NODE_ENV', 'MODEL_PORTS', 'JWT_SECRET']) expect(message).toContain(`\n  ${name}: `)
  })

  it('never repeats a secret in what it says', () => {
    const message = messageOf({ JWT_SECRET: 'hunter2', MODEL_API_KEYS: '{"m": "sk-hunter2 "}', PORT: 'x' })
    expect(message).not.toContain('hunter2')
  })
})

describe('keys for tokens', () => {
  it('production does not start without one', () => {
    expect(messageOf({ NODE_ENV: 'production' })).toMatch(/NODE_ENV=production needs one of JWT_SECRET/)
    expect(parseConfig({ NODE_ENV: 'production', JWT_SECRET: SECRET }).auth.secret).toBe(SECRET)
  })

  it('counts the bytes of a secret, not its characters', () => {
    expect(parseConfig({ JWT_SECRET: 'ä'.repeat(16) }).auth.secret).toBe('ä'.repeat(16))
    expect(messageOf({ JWT_SECRET: 'a'.repeat(31) })).toContain('JWT_SECRET: must be at least 32 bytes')
  })

  it('takes a public key as PEM text or as the path of one', () => {
    expect(parseConfig({ JWT_PUBLIC_KEY: publicKey }).auth.publicKey).toContain('BEGIN PUBLIC KEY')
    const read = files({ '/keys/jwt.pem': publicKey })
    expect(parseConfig({ JWT_PUBLIC_KEY: '/keys/jwt.pem' }, read).auth.publicKey).toBe(publicKey)
  })

  it('refuses a private key, a file that is no key and a path that cannot be read', () => {
    expect(messageOf({ JWT_PUBLIC_KEY: privateKey })).toContain('JWT_PUBLIC_KEY must be a public key in PEM form')
    expect(messageOf({ JWT_PUBLIC_KEY: privateKey })).not.toContain(privateKey.slice(30, 60))
    expect(messageOf({ JWT_PUBLIC_KEY: 'k' }, files({ k: 'ssh-rsa AAAA' }))).toContain('JWT_PUBLIC_KEY must be')
    expect(messageOf({ JWT_PUBLIC_KEY: '/none' })).toBe('JWT_PUBLIC_KEY names a file that cannot be read: /none')
  })

  it('wants one kind of key, not two', () => {
    expect(messageOf({ JWT_SECRET: SECRET, JWT_JWKS_URL: 'https://idp.example/keys' })).toMatch(
      /only one of JWT_SECRET/,
    )
  })
})

describe('where the models are', () => {
  it('is said by a file or by ports, not by both', () => {
    const read = files({ 'r.json': '{}' })
    expect(messageOf({ MODELS_FILE: 'r.json', MODEL_PORTS: '{}' }, read)).toMatch(
      /MODELS_FILE or MODEL_PORTS, not both/,
    )
  })

  it('names a file that cannot be read or is not JSON', () => {
    expect(messageOf({ MODELS_FILE: 'none.json' })).toBe('MODELS_FILE names a file that cannot be read: none.json')
    expect(messageOf({ MODELS_FILE: 'r.json' }, files({ 'r.json': '{"models": [,]}' }))).toMatch(
      /^MODELS_FILE is not JSON: r.json/,
    )
    expect(messageOf({ MODELS_FILE: 'r.json' }, files({ 'r.json': '{\n"models": [] "gpus"}' }))).toBe(
      'MODELS_FILE is not JSON: r.json (line 2 column 14)',
    )
  })

  it.each(['JANE-ROE', '{"a": JANE-ROE}', '["JANE-ROE'])('never quotes a file that is not JSON: %s', (content) => {
    const error = errorOf({ MODELS_FILE: 'r.json' }, files({ 'r.json': content }))
    expect(inspect(error)).toContain('MODELS_FILE is not JSON')
    expect(inspect(error)).not.toContain('JANE')
  })

  it('passes the content of the file on as it is', () => {
    const config = parseConfig({ MODELS_FILE: 'r.json' }, files({ 'r.json': '{"any": 1}' }))
    expect(config.models.file).toEqual({ path: 'r.json', content: { any: 1 } })
  })

  it.each(['gpu-1.ward.local', '10.0.0.7', '::1', '[fd00::7]', 'localhost'])('MODEL_HOST may be %s', (host) => {
    expect(parseConfig({ MODEL_HOST: host }).models.host).toBe(host)
  })
})

describe('TRUST_PROXY', () => {
  it.each(['yes', '10.0.0.0/33', '10.0.0.0/8/8', '10.0.0.0/8,proxy'])(
    'is refused by its name when it is no network: %s',
    (value) => {
      expect(() => parseConfig({ TRUST_PROXY: value })).toThrow(/TRUST_PROXY/)
    },
  )

  it('takes addresses and ranges', () => {
    expect(parseConfig({ TRUST_PROXY: '10.0.0.0/8, ::1, fc00::/7' }).trustProxy).toEqual([
      '10.0.0.0/8',
      '::1',
      'fc00::/7',
    ])
  })
})

describe('where runs are kept', () => {
  const key = (fill: number) => Buffer.alloc(32, fill).toString('base64')

  it('is a folder, journalled, in the clear and for ever, when nothing is set', () => {
    const { store, webhooks } = parseConfig({})
    expect(store).toEqual({
      dataDir: 'data',
      databaseUrl: null,
      redisUrl: null,
      journal: true,
      auditHeadFile: null,
      auditHeadKey: null,
      keys: null,
      retentionDays: null,
    })
    expect(webhooks).toBeNull()
  })

  it('takes everything that can be set', () => {
    const { store, webhooks } = parseConfig({
      DATA_DIR: ':memory:',
      DATABASE_URL: 'postgresql://me:pw@db/consilium?sslmode=verify-full',
      REDIS_URL: 'rediss://cache:6380/2',
      JOURNAL: 'off',
      AUDIT_HEAD_FILE: '/audit/head.json',
      AUDIT_HEAD_KEY: SECRET,
      STORE_KEY: `2026-11:${key(1)}`,
      STORE_OLD_KEYS: `2025-03:${key(2)}, 2024-01:${key(3)}`,
      RETENTION_DAYS: '90',
      WEBHOOK_SECRET: SECRET,
      WEBHOOK_HOSTS: 'his.example, worklist.example:8443',
    })
    expect(store).toEqual({
      dataDir: ':memory:',
      databaseUrl: 'postgresql://me:pw@db/consilium?sslmode=verify-full',
      redisUrl: 'rediss://cache:6380/2',
      journal: false,
      auditHeadFile: '/audit/head.json',
      auditHeadKey: Buffer.from(SECRET),
      keys: { current: Buffer.alloc(32, 1), old: [Buffer.alloc(32, 2), Buffer.alloc(32, 3)] },
      retentionDays: 90,
    })
    expect(webhooks).toEqual({ secret: SECRET, hosts: ['his.example', 'worklist.example:8443'] })
  })

  it.each([
    ['DATABASE_URL', 'mysql://db/consilium'],
    ['DATABASE_URL', 'db.hospital.example'],
    ['REDIS_URL', 'http://cache:6379'],
    ['JOURNAL', 'yes'],
    ['RETENTION_DAYS', '0'],
    ['RETENTION_DAYS', '90d'],
    ['AUDIT_HEAD_KEY', 'short'],
    ['WEBHOOK_SECRET', 'short'],
    ['STORE_KEY', key(1)],
    ['STORE_KEY', `k1:${Buffer.alloc(31, 1).toString('base64')}`],
    ['STORE_KEY', `k1:${Buffer.alloc(33, 1).toString('base64')}`],
    ['STORE_KEY', `k1:${Buffer.alloc(32, 1).toString('hex')}`],
    // The last character before = has two bits that mean nothing: one mistyped there would go unnoticed.
    ['STORE_KEY', `k1:${key(1).replace(/.=$/, 'F=')}`],
    ['STORE_KEY', `:${key(1)}`],
    ['STORE_OLD_KEYS', `k1:${key(1)},k2`],
  ])('%s=%s stops the start', (name, value) => {
    expect(messageOf({ [name]: value })).toMatch(new RegExp(`^Bad configuration:\\n {2}${name}: `))
  })

  it.each([
    ['REDIS_URL', 'redis://cache', 'DATABASE_URL'],
    ['AUDIT_HEAD_FILE', '/audit/head.json', 'AUDIT_HEAD_KEY'],
    ['AUDIT_HEAD_KEY', SECRET, 'AUDIT_HEAD_FILE'],
    ['STORE_OLD_KEYS', `k1:${key(1)}`, 'STORE_KEY'],
    ['WEBHOOK_SECRET', SECRET, 'WEBHOOK_HOSTS'],
    ['WEBHOOK_HOSTS', 'his.example', 'WEBHOOK_SECRET'],
  ])('%s=%s alone is refused: it needs %s', (name, value, other) => {
    expect(messageOf({ [name]: value })).toMatch(new RegExp(`^${name} needs ${other}: `))
  })

  it.each([
    ['name', `k1:${key(2)}`],
    ['key', `k2:${key(1)}`],
  ])('refuses an old key with the %s of the current one', (_, old) => {
    expect(messageOf({ STORE_KEY: `k1:${key(1)}`, STORE_OLD_KEYS: old })).toMatch(
      /^STORE_KEY and STORE_OLD_KEYS hold k/,
    )
  })

  it('never repeats a secret of it', () => {
    const bad = {
      DATABASE_URL: 'mysql://me:hunter2@db/x',
      REDIS_URL: 'http://:hunter2@cache',
      STORE_KEY: 'k1:hunter2',
      STORE_OLD_KEYS: 'k1:hunter2',
      AUDIT_HEAD_KEY: 'hunter2',
      WEBHOOK_SECRET: 'hunter2',
    }
    const message = inspect(errorOf(bad))
    for (const name of Object.keys(bad)) expect(message).toContain(name)
    expect(message).not.toContain('hunter2')
    const twice = inspect(errorOf({ STORE_KEY: `k1:${key(1)}`, STORE_OLD_KEYS: `k1:${key(1)}` }))
    expect(twice).not.toContain(key(1))
  })
})
