import { describe, expect, it } from 'vitest'
import { banner } from '../../../simulator/banner.ts'
import { type Fault, RESET_POINTS, STREAM_VARIANTS } from '../../../simulator/faults.ts'
import { parseFault } from '../../../simulator/parse-fault.ts'
import { readSettings, SettingsError } from '../../../simulator/settings.ts'
import { builtinRoster } from '../../../src/models/builtin-roster.ts'

const noFile = (): string => {
  throw new Error('nothing to read')
}
const urls = (env: Record<string, string>, read = noFile): string[] =>
  readSettings(env, read).roster.models.map(({ url }) => url)

describe('the settings of npm run simulate', () => {
  it('are the built-in roster on its ports when nothing is set', () => {
    const { roster, ports, latencyMs } = readSettings({}, noFile)
    expect([roster, ports, latencyMs]).toEqual([builtinRoster, 'roster', 1000])
  })

  it('follow MODEL_HOST and MODEL_PORTS as the service does', () => {
    const env = { MODEL_HOST: '::1', MODEL_PORTS: '{"BiMediX2-8B": 9001, "Tiny-LLaMA-1.1B-Chat": "http://h:1/v1"}' }
    expect(urls(env)).toEqual([
      'http://[::1]:8085/v1',
      'http://[::1]:9001/v1',
      'http://[::1]:8080/v1',
      'http://[::1]:8084/v1',
      'http://h:1/v1',
    ])
  })

  it('follow MODELS_FILE', () => {
    const file = { models: [{ id: 'm', url: 'http://127.0.0.1:9/v1', gpu: 0 }], agents: { A: { model: 'm' } } }
    expect(urls({ MODELS_FILE: 'roster.json' }, () => JSON.stringify(file))).toEqual(['http://127.0.0.1:9/v1'])
  })

  it('take speed and slots from SIM_ variables', () => {
    const env = { SIM_LATENCY_MS: '0', SIM_TOKENS_PER_SECOND: '50', SIM_SLOTS: '3' }
    expect(readSettings(env, noFile)).toMatchObject({ latencyMs: 0, tokensPerSecond: 50, slots: 3 })
  })

  it.each([
    [{ SIM_LATENCY_MS: '1s' }, 'SIM_LATENCY_MS'],
    [{ SIM_SLOTS: '0' }, 'SIM_SLOTS'],
    [{ MODEL_PORTS: '[]' }, 'MODEL_PORTS'],
    [{ MODEL_PORTS: '{"Nobody": 1}' }, 'Nobody'],
    [{ MODEL_PORTS: '{"BiMediX2-8B": "x"}' }, 'BiMediX2-8B'],
    [{ MODEL_PORTS: '{"BiMediX2-8B": "https://h/v1"}' }, 'http only'],
    [{ MODEL_API_KEYS: '{"a": 1}' }, 'MODEL_API_KEYS'],
    [{ MODELS_FILE: 'gone.json' }, 'gone.json'],
    [{ MODELS_FILE: 'a', MODEL_PORTS: '{}' }, 'not both'],
  ])('refuse %j and name what is wrong', (env, named) => {
    const read = (): unknown => readSettings(env as Record<string, string>, noFile)
    expect(read).toThrow(SettingsError)
    expect(read).toThrow(named)
  })

  it('refuse a MODELS_FILE that is no roster', () => {
    expect(() => urls({ MODELS_FILE: 'x' }, () => '{"models": []}')).toThrow(/x is not a roster: models/)
    expect(() => urls({ MODELS_FILE: 'x' }, () => 'models:')).toThrow('MODELS_FILE is not JSON: x')
  })
})

describe('what npm run simulate prints', () => {
  it('has a line for each model with its URL, GPU and agents, and faults that the servers accept', () => {
    const text = banner(builtinRoster)
    for (const { id, url, gpu } of builtinRoster.models)
      expect(text).toMatch(new RegExp(`^${id.replaceAll('.', '\\.')} +${url} +GPU ${gpu} `, 'm'))
    const commands = [...text.matchAll(/^ {2}curl -s \S+ -d '(.*)'$/gm)].map(([, body]) => JSON.parse(body ?? ''))
    expect(commands.length).toBe(5)
    const faults: unknown[] = commands.flat().filter((fault) => fault !== null)
    for (const fault of faults) {
      const given = (fault as { always?: unknown }).always ?? fault
      expect(parseFault(given)).toEqual(given)
    }
  })
})

describe('a fault that comes as JSON', () => {
  const right: Fault[] = [
    { kind: 'hang' },
    ...RESET_POINTS.map((at) => ({ kind: 'reset', at }) as const),
    ...STREAM_VARIANTS.map((variant) => ({ kind: 'stream', variant }) as const),
    { kind: 'status', status: 429, retry_after: '5' },
    { kind: 'huge', megabytes: 4, framing: 'gzip' },
    { kind: 'raw', bytes: 'x', hold: true },
  ]
  it.each(right)('is taken when it is right: %j', (fault) => {
    expect(parseFault(fault)).toEqual(fault)
  })

  it.each([
    [null, '"kind"'],
    [{ kind: 'toString' }, '"kind" must be one of'],
    [{ kind: 'trickle' }, '"interval_ms" of trickle'],
    [{ kind: 'status', status: 99 }, '"status" of status'],
    [{ kind: 'schema', variant: 'x' }, 'no_choices'],
    [{ kind: 'empty', more: 1 }, 'empty has no member "more"'],
    [{ kind: 'huge', megabytes: 3, framing: 'length' }, '"megabytes" of huge must be a whole number from 4'],
  ])('is refused when it is wrong: %j', (given, message) => {
    expect(parseFault(given)).toContain(message)
  })
})
