import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../../src/errors.ts'
import { buildRoster, type ModelSettings } from '../../../src/models/roster.ts'

const settings = (parts: Partial<ModelSettings> = {}): ModelSettings => ({
  host: '127.0.0.1',
  ports: null,
  apiKeys: {},
  file: null,
  allowedHosts: null,
  phiEgress: false,
  ollamaParallel: null,
  ...parts,
})

const CLINICAL = { id: 'clinical-7b', url: 'http://gpu1:8085/v1', gpu: 0 }
const BILLING = { id: 'billing-8b', url: 'http://gpu2:8084/v1', gpu: 1, slots: 3, context_window: 4096 }

const roster = (parts: object = {}) => ({
  models: [CLINICAL, BILLING],
  agents: { Clinical: { model: 'clinical-7b', fallbacks: ['billing-8b'] }, Billing: { model: 'billing-8b' } },
  ...parts,
})

const fromFile = (content: unknown, parts: Partial<ModelSettings> = {}) =>
  settings({ file: { path: 'models.json', content }, ...parts })

const refusal = (given: ModelSettings): string => {
  try {
    buildRoster(given)
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError)
    return (error as ConfigError).message
  }
  throw new Error('The roster was accepted')
}

describe('the built-in roster', () => {
  it('pins each agent to its model, port and GPU', () => {
    const { chains } = buildRoster(settings())
    const pinned = Object.fromEntries([...chains].map(([agent, [model]]) => [agent, [model.id, model.url, model.gpu]]))
    expect(pinned).toMatchObject({
      Clinical: ['BioMistral-Clinical-7B', 'http://127.0.0.1:8085/v1', 0],
      MedicalQA: ['BiMediX2-8B', 'http://127.0.0.1:8081/v1', 0],
      Triage: ['Tiny-LLaMA-1.1B-Medical', 'http://127.0.0.1:8080/v1', 0],
      Billing: ['OpenInsurance-LLaMA3-8B', 'http://127.0.0.1:8084/v1', 1],
      Claims: ['OpenInsurance-LLaMA3-8B', 'http://127.0.0.1:8084/v1', 1],
      Chat: ['Tiny-LLaMA-1.1B-Chat', 'http://127.0.0.1:8083/v1', 1],
    })
  })

  it('moves to another host as a whole', () => {
    const { models } = buildRoster(settings({ host: '10.1.2.3' }))
    expect([...models.values()].map(({ url }) => url)).toContain('http://10.1.2.3:8084/v1')
    expect([...models.values()].every(({ url }) => url.startsWith('http://10.1.2.3:'))).toBe(true)
  })

  it.each(['::1', '[::1]'])('takes the IPv6 host %s', (host) => {
    expect(buildRoster(settings({ host })).models.get('BiMediX2-8B')?.url).toBe('http://[::1]:8081/v1')
  })

  it('moves single models by port or by base URL', () => {
    const ports = { 'BiMediX2-8B': 9001, 'BioMistral-Clinical-7B': 'http://gpu1:7000/v1/' }
    const { models } = buildRoster(settings({ host: 'gpu9', ports }))
    expect(models.get('BiMediX2-8B')?.url).toBe('http://gpu9:9001/v1')
    expect(models.get('BioMistral-Clinical-7B')?.url).toBe('http://gpu1:7000/v1')
    expect(models.get('OpenInsurance-LLaMA3-8B')?.url).toBe('http://gpu9:8084/v1')
  })

  it('does not know ports of models that it does not have, and lists those that it has', () => {
    const message = refusal(settings({ ports: { 'GPT-9': 1234 } }))
    expect(message).toMatch(/MODEL_PORTS names "GPT-9"/)
    expect(message).toContain('BioMistral-Clinical-7B, BiMediX2-8B')
    expect(message).toContain('MODELS_FILE')
  })

  it('refuses two models on one port: their lanes would overbook the server', () => {
    expect(refusal(settings({ ports: { 'BiMediX2-8B': 8085 } }))).toContain(
      'Two models have the URL http://127.0.0.1:8085/v1',
    )
  })
})

describe('a roster file', () => {
  it('may name several models of one server, each by its served_model, as Ollama serves them', () => {
    const models = [
      { ...CLINICAL, served_model: 'llama3.1' },
      { ...BILLING, url: CLINICAL.url, served_model: 'qwen2.5' },
    ]
    const built = buildRoster(fromFile({ ...roster(), models }))
    expect([...built.models.values()].map((model) => model.served_model)).toEqual(['llama3.1', 'qwen2.5'])
  })

  it('gives models with their defaults, keys and chains', () => {
    const built = buildRoster(fromFile(roster(), { apiKeys: { 'billing-8b': 'sk-1' } }))
    expect(built.models.get('clinical-7b')).toEqual({
      id: 'clinical-7b',
      url: 'http://gpu1:8085/v1',
      gpu: 0,
      slots: null,
      context_window: null,
      served_model: 'clinical-7b',
      api_key: null,
      card: {},
      off: null,
      no_phi: null,
    })
    expect(built.models.get('billing-8b')).toMatchObject({ slots: 3, context_window: 4096, api_key: 'sk-1' })
    expect(built.chains.get('Clinical')?.map(({ id }) => id)).toEqual(['clinical-7b', 'billing-8b'])
    expect(built.chains.get('Billing')?.map(({ id }) => id)).toEqual(['billing-8b'])
  })

  it('knows the GPUs that only models name, in the order of their numbers', () => {
    const gpus = [{ id: 1, name: 'RTX 3090', max_concurrent: 4 }]
    expect([...buildRoster(fromFile(roster({ gpus }))).gpus.values()]).toEqual([
      { id: 0, name: null, max_concurrent: null },
      { id: 1, name: 'RTX 3090', max_concurrent: 4 },
    ])
  })

  it('sends the served name where a model has one', () => {
    const models = [{ ...CLINICAL, served_model: 'clinical.gguf' }, BILLING]
    expect(buildRoster(fromFile(roster({ models }))).models.get('clinical-7b')?.served_model).toBe('clinical.gguf')
  })

  it.each([
    ['http://gpu1:8085', 'http://gpu1:8085/v1'],
    ['http://gpu1:8085/', 'http://gpu1:8085/v1'],
    ['http://gpu1:8085/v1//', 'http://gpu1:8085/v1'],
    ['http://gpu1:8085/openai/v1', 'http://gpu1:8085/openai/v1'],
    ['HTTP://GPU1:80/v1', 'http://gpu1/v1'],
  ])('takes the URL %s as %s', (url, expected) => {
    const models = [{ ...CLINICAL, url }, BILLING]
    expect(buildRoster(fromFile(roster({ models }))).models.get('clinical-7b')?.url).toBe(expected)
  })

  it.each<[string, object, RegExp]>([
    [
      'an agent with the name of what chooses',
      { agents: { auto: { model: 'clinical-7b' } } },
      /No agent and no model .*"auto"/,
    ],
    [
      'a model with that name',
      { models: [CLINICAL, BILLING, { ...CLINICAL, id: 'auto', url: 'http://gpu3/v1' }] },
      /"auto"/,
    ],
    [
      'an agent of an unknown model',
      { agents: { Clinical: { model: 'nope' } } },
      /Agent "Clinical" names the model "nope"/,
    ],
    [
      'an unknown fallback',
      { agents: { Clinical: { model: 'clinical-7b', fallbacks: ['nope'] } } },
      /Agent "Clinical" names the model "nope", which is not in the roster's models/,
    ],
    [
      'a fallback that is the model itself',
      { agents: { Clinical: { model: 'clinical-7b', fallbacks: ['clinical-7b'] } } },
      /the chain of agent "Clinical" the model "clinical-7b" twice/,
    ],
    ['no agents', { agents: {} }, /no agents/],
    ['no models', { models: [] }, /models\.json is not a roster[\s\S]*models/],
    ['a model twice', { models: [CLINICAL, { ...BILLING, id: 'clinical-7b' }] }, /model "clinical-7b" twice/],
    ['a GPU twice', { gpus: [{ id: 0 }, { id: 0 }] }, /GPU 0 twice/],
    [
      'a URL twice',
      { models: [CLINICAL, { ...BILLING, url: 'http://GPU1:8085/v1/' }] },
      /Two models have the URL http:\/\/gpu1:8085\/v1/,
    ],
    [
      'a URL twice, of which only one names its served_model',
      {
        models: [
          { ...CLINICAL, served_model: 'llama3.1' },
          { ...BILLING, url: CLINICAL.url },
        ],
      },
      /give each its own served_model/,
    ],
    ['a misspelt member', { models: [{ ...CLINICAL, slot: 2 }, BILLING] }, /slot/],
    ['no slots', { models: [{ ...CLINICAL, slots: 0 }, BILLING] }, /slots/],
    ['a URL that is none', { models: [{ ...CLINICAL, url: 'gpu1' }, BILLING] }, /url/],
    ['a URL of another protocol', { models: [{ ...CLINICAL, url: 'ftp://gpu1/v1' }, BILLING] }, /url/],
    [
      'a URL with a query',
      { models: [{ ...CLINICAL, url: 'http://gpu1/v1?key=1' }, BILLING] },
      /base URL, without \? or #/,
    ],
    ['an id with a line break', { models: [{ ...CLINICAL, id: 'a\nb' }, BILLING] }, /id/],
  ])('is refused with %s', (_, parts, expected) => {
    expect(refusal(fromFile(roster(parts)))).toMatch(expected)
  })

  it('is refused with every field that is wrong, in words of what it must be', () => {
    const models = [{ ...CLINICAL, slots: '2', url: 'ftp://gpu1/v1', context_window: 64 }, { id: 'billing-8b' }]
    const agents = {
      Clinical: { model: 'clinical-7b', fallbacks: 'billing-8b', timeout: 3 },
      '9': { model: 'x' },
      Chat: 'x',
    }
    expect(refusal(fromFile({ models, agents })).split('\n')).toEqual([
      'MODELS_FILE models.json is not a roster:',
      '  models[0].url: must be an http or https URL',
      '  models[0].slots: must be a whole number from 1 to 1024',
      '  models[0].context_window: must be a whole number, 128 or more',
      '  models[1].url: is missing; it must be an http or https URL',
      '  models[1].gpu: is missing; it must be a whole number, 0 or more',
      '  agents.*: is no name of an agent: must be 1–64 characters of A–Z a–z 0–9 _ -, a letter first',
      '  agents.Clinical.fallbacks: must be a list of model ids',
      '  agents.Clinical.timeout: is not a known member; check its spelling',
      '  agents.Chat: must be an object, for example {"model": "clinical-7b"}',
    ])
  })

  it('that is no object is refused by its name', () => {
    for (const content of [null, [], 'x', 7])
      expect(refusal(fromFile(content))).toContain('MODELS_FILE models.json is not a roster')
  })

  it.each(['admin:hunter2', 'hunter2', ':hunter2'])(
    'keeps credentials out of URLs (%s), and does not repeat them',
    (given) => {
      const models = [{ ...CLINICAL, url: `http://${given}@gpu1:8085/v1` }, BILLING]
      const message = refusal(fromFile(roster({ models })))
      expect(message).toContain('Model "clinical-7b": put no credentials into url; use MODEL_API_KEYS')
      expect(message).not.toContain('hunter2')
    },
  )

  it('refuses a key for a model that it does not have', () => {
    const message = refusal(fromFile(roster(), { apiKeys: { other: 'sk-hunter2' } }))
    expect(message).toContain('MODEL_API_KEYS names "other"')
    expect(message).not.toContain('hunter2')
  })
})

describe('the hosts that models may live on', () => {
  const at = (url: string, allowedHosts: string[] | null = null) =>
    fromFile({ models: [{ ...CLINICAL, url }], agents: { Clinical: { model: 'clinical-7b' } } }, { allowedHosts })

  it('stops the start when patient data would leave, naming host and variable', () => {
    const message = refusal(at('https://api.example.com/v1'))
    expect(message).toContain('the host api.example.com is not allowed')
    expect(message).toContain('ALLOWED_MODEL_HOSTS (unset: ')
  })

  it('covers URLs given by MODEL_PORTS and hosts given by MODEL_HOST too', () => {
    expect(refusal(settings({ ports: { 'BiMediX2-8B': 'http://evil.example.com/v1' } }))).toContain('evil.example.com')
    expect(refusal(settings({ host: '169.254.169.254' }))).toContain('169.254.169.254')
  })

  it('are the listed ones alone when there is a list', () => {
    expect(buildRoster(at('https://models.hospital.example/v1', ['models.hospital.example'])).models.size).toBe(1)
    expect(refusal(at('http://127.0.0.1:8085/v1', ['models.hospital.example']))).toMatch(
      /127\.0\.0\.1:8085 is not allowed.*ALLOWED_MODEL_HOSTS\.$/,
    )
  })
})
