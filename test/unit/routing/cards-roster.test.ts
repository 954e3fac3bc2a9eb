import { describe, expect, test } from 'vitest'
import { parseConfig } from '../../../src/config.ts'
import { ConfigError } from '../../../src/errors.ts'
import type { Model } from '../../../src/models/port.ts'
import { buildRoster, type Roster } from '../../../src/models/roster.ts'

const LOCAL = { id: 'local-7b', url: 'http://gpu1:8085/v1', gpu: 0 }
const CLOUD = {
  id: 'cloud-xl',
  url: 'https://api.vendor.example/v1',
  gpu: 9,
  tier: 'CLOUD_LARGE',
  price: { input: 2.5, output: 10 },
}
const HOSTS = 'gpu1,api.vendor.example'
const KEY = '{"cloud-xl": "k"}'

function build(file: object, env: Record<string, string> = {}): Roster {
  const content = JSON.stringify({ models: [LOCAL], agents: { Clinical: { model: 'local-7b' } }, ...file })
  return buildRoster(parseConfig({ MODELS_FILE: 'models.json', ...env }, () => content).models)
}
const cloud = (env: Record<string, string>, parts: object = {}): Model =>
  build({ models: [LOCAL, { ...CLOUD, ...parts }] }, env).models.get('cloud-xl') as Model

function refusal(file: object, env: Record<string, string> = {}): string {
  try {
    build(file, env)
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError)
    return (error as ConfigError).message
  }
  throw new Error('The roster was accepted')
}

describe('a roster', () => {
  test('carries what it lists of a model, and only that', () => {
    const listed = {
      kind: 'chat',
      api: 'openai',
      tier: 'LOCAL_SMALL',
      speed: 9,
      quality: 6.5,
      strengths: ['WRITING', 'letters in German'],
      weaknesses: ['CODING'],
      domains: ['clinical', 'general'],
      max_output: 2048,
      memory_gb: 8,
      price: { gpu_second: 0.0004 },
    }
    expect(build({ models: [{ ...LOCAL, ...listed }] }).models.get('local-7b')?.card).toEqual(listed)
    expect(build({}).models.get('local-7b')?.card).toEqual({})
  })

  test.each([
    [
      { tier: 'LOCAL' },
      'models[0].tier: must be one of LOCAL_SMALL, LOCAL_LARGE, CLOUD_SMALL, CLOUD_LARGE, SPECIALIST',
    ],
    [{ speed: 11 }, 'models[0].speed: must be a number from 0 to 10'],
    [{ quality: 'good' }, 'models[0].quality: must be a number from 0 to 10'],
    [{ api: 'anthropic' }, 'models[0].api: must be "openai": other APIs are not served'],
    [{ price: 3 }, 'models[0].price: must be an object: {"input", "output"} in US dollars per million tokens'],
    [{ price: { input: -1, output: 1 } }, 'models[0].price.input: must be a number from 0 to 1000000'],
    [{ strengths: ['CODNG'] }, 'models[0].strengths[0]: is no type of task (CODING, REASONING'],
    [{ domains: [] }, 'models[0].domains: must be a list of one domain or more'],
    [{ domains: ['surgery'] }, 'models[0].domains[0]: must be one of clinical, billing, general, code'],
    [{ kind: 'image' }, 'models[0].kind: must be one of chat, embedding'],
    [{ max_output: 0 }, 'models[0].max_output: must be a whole number, 1 or more'],
    [{ qualty: 5 }, 'models[0].qualty: is not a known member'],
    [{ strengths: ['CODING'], weaknesses: ['CODING'] }, 'Model "local-7b": "CODING" stands under strengths and under'],
    [{ tier: 'CLOUD_SMALL', cloud: false }, 'Model "local-7b": tier CLOUD_SMALL and cloud: false contradict'],
  ])('with %j stops the start', (parts, message) => {
    expect(refusal({ models: [{ ...LOCAL, ...parts }] })).toContain(message)
  })

  test('pins no agent to a model that only embeds', () => {
    expect(refusal({ models: [{ ...LOCAL, kind: 'embedding' }] })).toBe(
      'Agent "Clinical" names the model "local-7b", which serves embeddings and no chat',
    )
  })

  test('carries its routing rules', () => {
    const routing = {
      rules: { CODING: { prefer_models: ['local-7b'], min_quality: 6 } },
      weights: { cost: { cost: 1 } },
    }
    expect(build({ routing }).routing).toEqual(routing)
    expect(build({}).routing).toEqual({})
  })

  test.each([
    [{ rules: { CODNG: {} } }, 'routing.rules.CODNG: is not a known member'],
    [{ rules: { CODING: { min_quality: 12 } } }, 'routing.rules.CODING.min_quality: must be a number from 0 to 10'],
    [{ rules: { CODING: { tiers: [] } } }, 'routing.rules.CODING.tiers: must be a list of one tier or more'],
    [{ rules: { CODING: { models: [] } } }, 'routing.rules.CODING.models: is not a known member'],
    [
      { rules: { CODING: { prefer_models: ['x'] } } },
      'routing.rules.CODING.prefer_models names "x", which is not in the roster\'s models',
    ],
    [{ weights: { fast: {} } }, 'routing.weights.fast: is not a known member'],
    [{ weights: { speed: { speed: 0 } } }, 'routing.weights.speed: must have one weight that is more than 0'],
    [{ weights: { speed: { speed: -1 } } }, 'routing.weights.speed.speed: must be a number from 0 to 1000'],
  ])('with the routing %j stops the start', (routing, message) => {
    expect(refusal({ routing })).toContain(message)
  })
})

describe('a cloud model', () => {
  test('with key, allow-list and price is on, and gets no patient data', () => {
    const model = cloud({ ALLOWED_MODEL_HOSTS: HOSTS, MODEL_API_KEYS: KEY })
    expect(model.off).toBeNull()
    expect(model.no_phi).toContain('ALLOW_PHI_EGRESS is not true')
  })
  test('gets patient data with ALLOW_PHI_EGRESS=true', () => {
    const model = cloud({ ALLOWED_MODEL_HOSTS: HOSTS, MODEL_API_KEYS: KEY, ALLOW_PHI_EGRESS: 'true' })
    expect([model.off, model.no_phi]).toEqual([null, null])
  })
  test('without a key is off and says so; the service starts', () => {
    expect(cloud({ ALLOWED_MODEL_HOSTS: HOSTS }).off).toBe('This cloud model is off: it needs a key in MODEL_API_KEYS.')
  })
  test('is off when no allow-list names its host, also in the own network', () => {
    const url = 'http://gateway:4000/v1'
    expect(cloud({ MODEL_API_KEYS: KEY }, { url }).off).toBe(
      'This cloud model is off: it needs its host gateway:4000 in ALLOWED_MODEL_HOSTS.',
    )
  })
  test('is off without a price: no budget could hold it', () => {
    const model = cloud({ ALLOWED_MODEL_HOSTS: HOSTS }, { price: undefined })
    expect(model.off).toBe('This cloud model is off: it needs a key in MODEL_API_KEYS and a price in the roster.')
  })
  test('outside of the allow-list stops the start', () => {
    expect(refusal({ models: [LOCAL, CLOUD] }, { MODEL_API_KEYS: KEY })).toContain(
      'Model "cloud-xl": the host api.vendor.example is not allowed',
    )
  })
  test('is a specialist too when the roster says that it runs outside', () => {
    const model = cloud({ ALLOWED_MODEL_HOSTS: HOSTS }, { tier: 'SPECIALIST', cloud: true })
    expect(model.off).toContain('a key in MODEL_API_KEYS')
  })
  test('does not change what a local model may get', () => {
    const local = build({ models: [LOCAL, CLOUD] }, { ALLOWED_MODEL_HOSTS: HOSTS }).models.get('local-7b')
    expect([local?.off, local?.no_phi]).toEqual([null, null])
  })
})

test.each(['', 'false'])('ALLOW_PHI_EGRESS=%s keeps patient data in', (value) => {
  expect(parseConfig({ ALLOW_PHI_EGRESS: value }).models.phiEgress).toBe(false)
})
test.each(['1', 'yes', 'TRUE'])('ALLOW_PHI_EGRESS=%s stops the start', (value) => {
  expect(() => parseConfig({ ALLOW_PHI_EGRESS: value })).toThrow(/ALLOW_PHI_EGRESS/)
})

describe('names that would count for nothing', () => {
  test('a tenant that no token can have stops the start', () => {
    const budgets = { tenants: { ward: { per_run: 1 }, 'a b': { per_run: 1 } } }
    expect(refusal({ budgets })).toMatch(/budgets\.tenants\..*: is no name that a tenant can have/)
    expect(build({ budgets: { tenants: { 'ward-3.b': { per_run: 1 } } } }).budgets.tenants).toHaveProperty(['ward-3.b'])
  })

  test.each(['coding', 'Coding', ' CODING'])('a type of task in other letters stops the start: %j', (word) => {
    for (const list of ['strengths', 'weaknesses'])
      expect(refusal({ models: [{ ...LOCAL, [list]: [word] }] })).toMatch(
        new RegExp(`models\\[0\\]\\.${list}\\[0\\]: is a type of task in other letters`),
      )
    expect(build({ models: [{ ...LOCAL, weaknesses: ['coding of ICD'] }] }).models.size).toBe(1)
  })
})
