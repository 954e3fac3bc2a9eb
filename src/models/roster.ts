import type { Config } from '../config.ts'
import type { RosterBudgets } from '../contract/budget.ts'
import { fieldErrors } from '../contract/field-errors.ts'
import { isCloud, ListedCard } from '../contract/model-card.ts'
import { RosterFile, type RosterModel } from '../contract/roster.ts'
import type { RosterRouting } from '../contract/routing.ts'
import { ConfigError } from '../errors.ts'
import { builtinRoster } from './builtin-roster.ts'
import { closedTo } from './egress.ts'
import { isAllowedUrl } from './hosts.ts'
import type { Model } from './port.ts'

export interface Gpu {
  id: number
  name: string | null
  max_concurrent: number | null
}

/** The table agent → model → URL → GPU, checked: every name in it leads somewhere. */
export interface Roster {
  gpus: ReadonlyMap<number, Gpu>
  models: ReadonlyMap<string, Model>
  /** Agent → its models, the pinned one first, then its fallbacks. */
  chains: ReadonlyMap<string, readonly [Model, ...Model[]]>
  /** Agent → after how many ms its calls are hedged; agents that are not stand not in it. */
  hedges: ReadonlyMap<string, number>
  /** What may be spent on models that have a price. */
  budgets: RosterBudgets
  /** Rules and weights that go before the built-in ones. */
  routing: RosterRouting
}

export type ModelSettings = Config['models']

const refuse = (message: string): never => {
  throw new ConfigError(message)
}

function parseRoster(content: unknown, source: string): RosterFile {
  const parsed = RosterFile.safeParse(content)
  if (parsed.success) return parsed.data
  const lines = fieldErrors(parsed.error.issues, '(file)').map(({ field, message }) => `  ${field}: ${message}`)
  return refuse(`${source} is not a roster:\n${lines.join('\n')}`)
}

/** The built-in roster, moved to where `MODEL_HOST` and `MODEL_PORTS` say that its models are. */
function placeBuiltin({ host, ports }: ModelSettings): RosterFile {
  const known = builtinRoster.models.map((model) => model.id)
  for (const id of Object.keys(ports ?? {}))
    if (!known.includes(id))
      refuse(
        `MODEL_PORTS names "${id}", which is not a model of the built-in roster (${known.join(', ')}). For other models use MODELS_FILE.`,
      )
  const authority = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
  const place = (model: RosterModel): RosterModel => {
    const given = ports?.[model.id]
    if (typeof given === 'string') return { ...model, url: given }
    return { ...model, url: `http://${authority}:${given ?? new URL(model.url).port}/v1` }
  }
  return { ...builtinRoster, models: builtinRoster.models.map(place) }
}

const CARD_FIELDS = Object.keys(ListedCard.shape) as (keyof ListedCard)[]

/** What an entry says about a model beside where it is. */
function cardOf(model: RosterModel): ListedCard {
  const card: ListedCard = Object.fromEntries(
    CARD_FIELDS.flatMap((field) => (model[field] === undefined ? [] : [[field, model[field]]])),
  )
  const both = card.strengths?.find((strength) => card.weaknesses?.includes(strength))
  if (both !== undefined) refuse(`Model "${model.id}": "${both}" stands under strengths and under weaknesses`)
  if (card.cloud === false && isCloud({ tier: card.tier }))
    refuse(`Model "${model.id}": tier ${card.tier} and cloud: false contradict each other; correct one of them`)
  return card
}

function resolveModel(model: RosterModel, settings: ModelSettings): Model {
  const url = URL.parse(model.url) ?? refuse(`Model "${model.id}": url is not a URL: ${model.url}`)
  if (url.username !== '' || url.password !== '')
    refuse(`Model "${model.id}": put no credentials into url; use MODEL_API_KEYS`)
  if (url.search !== '' || url.hash !== '') refuse(`Model "${model.id}": url must be a base URL, without ? or #`)
  if (!isAllowedUrl(url, settings.allowedHosts))
    refuse(
      `Model "${model.id}": the host ${url.host} is not allowed. Patient data would go there; if it may, add it to ALLOWED_MODEL_HOSTS` +
        `${settings.allowedHosts === null ? ' (unset: loopback, private addresses and single-label names only)' : ''}.`,
    )
  const card = cardOf(model)
  const api_key = settings.apiKeys[model.id] ?? null
  return {
    id: model.id,
    // "http://gpu1:8085" can only mean the API that lives under /v1.
    url: `${url.origin}${url.pathname.replace(/\/+$/, '') || '/v1'}`,
    gpu: model.gpu,
    slots: model.slots ?? null,
    context_window: model.context_window ?? null,
    served_model: model.served_model ?? model.id,
    api_key,
    card,
    ...closedTo({ url, card, api_key, allowed: settings.allowedHosts, phi_egress: settings.phiEgress }),
  }
}

/** Whoever asks for it lets the service choose. */
const RESERVED = 'auto'

function unique<T>(items: readonly T[], what: string): void {
  const twice = items.find((item, index) => items.indexOf(item) !== index)
  if (twice !== undefined) refuse(`The roster lists ${what} ${JSON.stringify(twice)} twice`)
}

/**
 * Ollama serves several models at one URL, each by its own `served_model`. Without that two entries of one URL are a slip:
 * both lanes would send their calls to the same slots.
 */
function refuseSharedServers(listed: readonly RosterModel[], models: ReadonlyMap<string, Model>): void {
  const seen = new Map<string, Set<string | undefined>>()
  for (const { id, served_model } of listed) {
    const { url } = models.get(id) as Model
    const names = seen.get(url) ?? new Set()
    const own = served_model !== undefined && !names.has(served_model) && !names.has(undefined)
    if (names.size > 0 && !own)
      refuse(
        `Two models have the URL ${url}. If one server holds both, give each its own served_model; else correct the URL.`,
      )
    seen.set(url, names.add(served_model))
  }
}

/** Rules that name a model which is not there would never count, and nobody would see it. */
function checkRouting({ rules = {} }: RosterRouting, models: ReadonlyMap<string, Model>): void {
  for (const [type, { prefer_models = [] }] of Object.entries(rules))
    for (const id of prefer_models)
      if (!models.has(id))
        refuse(`routing.rules.${type}.prefer_models names "${id}", which is not in the roster's models`)
}

/** Builds the roster from the settings, or throws a ConfigError that says which entry is wrong and what to do. */
export function buildRoster(settings: ModelSettings): Roster {
  const file =
    settings.file === null
      ? placeBuiltin(settings)
      : parseRoster(settings.file.content, `MODELS_FILE ${settings.file.path}`)
  unique(
    file.gpus.map((gpu) => gpu.id),
    'GPU',
  )
  unique(
    file.models.map((model) => model.id),
    'model',
  )
  const models = new Map(file.models.map((model) => [model.id, resolveModel(model, settings)]))
  refuseSharedServers(file.models, models)
  for (const id of Object.keys(settings.apiKeys))
    if (!models.has(id)) refuse(`MODEL_API_KEYS names "${id}", which is not a model of the roster`)

  const routing = file.routing ?? {}
  checkRouting(routing, models)

  const find = (id: string, agent: string): Model => {
    const model =
      models.get(id) ?? refuse(`Agent "${agent}" names the model "${id}", which is not in the roster's models`)
    return model.card?.kind === 'embedding'
      ? refuse(`Agent "${agent}" names the model "${id}", which serves embeddings and no chat`)
      : model
  }
  const chains = new Map(
    Object.entries(file.agents).map(([agent, { model, fallbacks }]) => {
      unique([model, ...fallbacks], `in the chain of agent "${agent}" the model`)
      return [agent, [find(model, agent), ...fallbacks.map((id) => find(id, agent))] as const] as [
        string,
        [Model, ...Model[]],
      ]
    }),
  )
  if (chains.size === 0) refuse('The roster has no agents')
  if (chains.has(RESERVED) || models.has(RESERVED))
    refuse(`No agent and no model may be called "${RESERVED}": it stands for the choice of the service`)

  const gpus = new Map<number, Gpu>(
    file.gpus.map(({ id, name, max_concurrent }) => [
      id,
      { id, name: name ?? null, max_concurrent: max_concurrent ?? null },
    ]),
  )
  for (const { gpu } of models.values())
    if (!gpus.has(gpu)) gpus.set(gpu, { id: gpu, name: null, max_concurrent: null })
  const hedges = new Map(
    Object.entries(file.agents).flatMap(([agent, { hedge_after_ms: after }]) =>
      after === undefined ? [] : [[agent, after]],
    ),
  )
  return {
    gpus: new Map([...gpus].sort(([a], [b]) => a - b)),
    models,
    chains,
    hedges,
    routing,
    budgets: file.budgets ?? {},
  }
}
