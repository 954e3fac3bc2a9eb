import { expect, test } from 'vitest'
import { configurationHash } from '../../../src/archive/configuration-hash.ts'
import { parseConfig } from '../../../src/config.ts'

const SECRET = 'a secret of thirty-two bytes or more'
const config = (env: Record<string, string> = {}) => parseConfig({ JWT_SECRET: SECRET, ...env })

test('the same settings have the same hash, other settings another', () => {
  expect(configurationHash(config())).toBe(configurationHash(config()))
  expect(configurationHash(config())).toMatch(/^[\da-f]{64}$/)
  for (const [name, value] of Object.entries({
    PORT: '8001',
    MAX_TASKS: '7',
    MODEL_PORTS: '{"BiMediX2-8B": 9000}',
    DATABASE_URL: 'postgres://consilium@db/consilium',
    METRICS_TOKEN: 'there is one now',
  }))
    expect(configurationHash(config({ [name]: value })), name).not.toBe(configurationHash(config()))
})

test('no secret goes into it: a hash over a weak one could be guessed', () => {
  const secrets = (word: string, byte: number) =>
    config({
      JWT_SECRET: `${word} of thirty-two bytes or more ...`,
      METRICS_TOKEN: word,
      MODEL_API_KEYS: `{"BiMediX2-8B": "${word}"}`,
      DATABASE_URL: `postgres://consilium:${word}@db/consilium`,
      REDIS_URL: `redis://:${word}@redis:6379`,
      STORE_KEY: `k1:${Buffer.alloc(32, byte).toString('base64')}`,
      AUDIT_HEAD_FILE: '/heads.json',
      AUDIT_HEAD_KEY: `${word} of thirty-two bytes or more ...`,
      WEBHOOK_SECRET: `${word} of thirty-two bytes or more ...`,
      WEBHOOK_HOSTS: 'ehr.local',
    })
  expect(configurationHash(secrets('first', 1))).toBe(configurationHash(secrets('other', 2)))
})

test('the order of settings does not matter, their place does', () => {
  expect(configurationHash({ a: 1, b: { c: 2, d: 3 } })).toBe(configurationHash({ b: { d: 3, c: 2 }, a: 1 }))
  expect(configurationHash({ a: { b: 1 } })).not.toBe(configurationHash({ a: {}, b: 1 }))
  expect(configurationHash({ list: [1, 2] })).not.toBe(configurationHash({ list: [2, 1] }))
})
