import { fieldErrors } from '../src/contract/field-errors.ts'
import { RosterFile } from '../src/contract/roster.ts'
import { builtinRoster } from '../src/models/builtin-roster.ts'
import { playWell } from './orchestrator.ts'
import { isObject, parseJson } from './request.ts'
import type { SimulatorOptions } from './simulate.ts'

type Env = Readonly<Record<string, string | undefined>>
export type ReadFile = (path: string) => string

/** A variable with a value that cannot be used; the message names it. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'
}

const refuse = (message: string): never => {
  throw new SettingsError(message)
}

function readNumber(env: Env, name: string, min: number): number | undefined {
  const given = env[name]
  if (given === undefined || given === '') return undefined
  const value = Number(given)
  if (!/^\d+$/.test(given) || value < min) refuse(`${name} must be a whole number from ${min}, not ${given}`)
  return value
}

function readObject(env: Env, name: string, example: string): Record<string, unknown> {
  const given = env[name]
  if (given === undefined || given === '') return {}
  const value = parseJson(given)
  return isObject(value) ? value : refuse(`${name} must be a JSON object, for example ${example}`)
}

function readKeys(env: Env): Record<string, string> {
  const entries = Object.entries(readObject(env, 'MODEL_API_KEYS', '{"BioMistral-Clinical-7B": "key"}'))
  const bad = entries.find(([, key]) => typeof key !== 'string' || key === '')
  if (bad) refuse(`MODEL_API_KEYS: the key of "${bad[0]}" must be text`)
  return Object.fromEntries(entries) as Record<string, string>
}

function readRoster(path: string, read: ReadFile): RosterFile {
  let content: string
  try {
    content = read(path)
  } catch (cause) {
    throw new SettingsError(`MODELS_FILE names a file that cannot be read: ${path}`, { cause })
  }
  const roster = parseJson(content)
  if (roster === undefined) refuse(`MODELS_FILE is not JSON: ${path}`)
  const parsed = RosterFile.safeParse(roster)
  if (parsed.success) return parsed.data
  const [first] = fieldErrors(parsed.error.issues, '(file)')
  return refuse(`MODELS_FILE ${path} is not a roster: ${first?.field}: ${first?.message}`)
}

/** The built-in roster on the ports of `MODEL_PORTS`, each a port or a base URL. */
function placeBuiltin(env: Env): RosterFile {
  const ports = readObject(env, 'MODEL_PORTS', '{"BioMistral-Clinical-7B": 8085}')
  const known = builtinRoster.models.map(({ id }) => id)
  const stray = Object.keys(ports).find((id) => !known.includes(id))
  if (stray !== undefined) refuse(`MODEL_PORTS names "${stray}", which is not one of ${known.join(', ')}`)
  const host = env.MODEL_HOST || '127.0.0.1'
  const authority = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
  const models = builtinRoster.models.map((model) => {
    const given = ports[model.id] ?? Number(new URL(model.url).port)
    const url = typeof given === 'number' ? `http://${authority}:${given}/v1` : String(given)
    return URL.canParse(url)
      ? { ...model, url }
      : refuse(`MODEL_PORTS: "${model.id}" must be a port or a base URL, not ${JSON.stringify(given)}`)
  })
  return { ...builtinRoster, models }
}

/**
 * Reads what `npm run simulate` obeys: where the service would look for its models (`MODELS_FILE`, or `MODEL_HOST` and
 * `MODEL_PORTS`), `MODEL_API_KEYS`, `ORCHESTRATOR_MODEL`, and `SIM_LATENCY_MS`, `SIM_TOKENS_PER_SECOND`, `SIM_SLOTS`. Throws a SettingsError.
 */
export function readSettings(env: Env, read: ReadFile): SimulatorOptions & { roster: RosterFile } {
  if (env.MODELS_FILE && env.MODEL_PORTS) refuse('Set MODELS_FILE or MODEL_PORTS, not both')
  const roster = env.MODELS_FILE ? readRoster(env.MODELS_FILE, read) : placeBuiltin(env)
  const secure = roster.models.find(({ url }) => new URL(url).protocol !== 'http:')
  if (secure) refuse(`The simulator speaks http only, and ${secure.id} is at ${secure.url}`)
  const tokensPerSecond = readNumber(env, 'SIM_TOKENS_PER_SECOND', 1)
  const slots = readNumber(env, 'SIM_SLOTS', 1)
  const orchestrator = env.ORCHESTRATOR_MODEL || null
  if (orchestrator !== null && !roster.models.some(({ id }) => id === orchestrator))
    refuse(`ORCHESTRATOR_MODEL names "${orchestrator}", which is not a model of the roster`)
  return {
    roster,
    ports: 'roster',
    latencyMs: readNumber(env, 'SIM_LATENCY_MS', 0) ?? 1000,
    ...(tokensPerSecond !== undefined && { tokensPerSecond }),
    ...(slots !== undefined && { slots }),
    apiKeys: readKeys(env),
    ...(orchestrator !== null && { orchestrators: { [orchestrator]: playWell } }),
    // Prompts hold what users type in: a demo server keeps none.
    keepEntries: 0,
  }
}
