import type { Tools } from '../../contract/chat.ts'
import type { ModelCard } from '../../contract/model-card.ts'
import type { Tool } from './tool.ts'

/** What was measured of a model; null: nothing yet. */
export interface Measured {
  latency_ms: number | null
  ms_per_token: number | null
}

/** A model that a tool may use, as the orchestrator model gets to know it. */
export interface Expert {
  alias: string
  card: ModelCard
  measured: Measured
}

/** A tool with the models that may serve it now. */
export interface Offer {
  tool: Tool
  experts: readonly [Expert, ...Expert[]]
}

const UNKNOWN = 'unknown'

const usd = (amount: number): string => `$${Number(amount.toFixed(amount < 0.01 ? 6 : 4))}`

/** US dollars per million tokens read and written. A GPU's second has a price per token only once its speed was measured. */
function pricesOf({ card: { price }, measured: { ms_per_token } }: Expert): readonly [string, string] {
  if (!('gpu_second' in price)) return [usd(price.input), usd(price.output)]
  if (price.gpu_second === 0) return ['$0', '$0']
  return ms_per_token === null ? [UNKNOWN, UNKNOWN] : ['$0', usd(price.gpu_second * ms_per_token * 1000)]
}

const latencyOf = ({ measured: { latency_ms } }: Expert): string => {
  if (latency_ms === null) return UNKNOWN
  const seconds = latency_ms / 1000
  return `${Number(seconds.toFixed(seconds < 10 ? 1 : 0))}s`
}

const listed = (words: readonly string[]): string => words.join(', ')

/** What the card says, in a sentence. */
function praiseOf({ alias, card }: Expert): string {
  const { quality, speed, strengths, weaknesses, remarks, main_domain } = card
  const good = [...strengths, ...remarks.strengths]
  const bad = [...weaknesses, ...remarks.weaknesses]
  const said = [
    `is rated ${quality} of 10 for quality and ${speed} of 10 for speed`,
    ...(main_domain === null ? [] : [`is made for ${main_domain} texts`]),
    ...(good.length > 0 ? [`is good at ${listed(good)}`] : []),
    ...(bad.length > 0 ? [`is weak at ${listed(bad)}`] : []),
  ]
  return `${alias} ${said.join('; ')}.`
}

/** The table as the model was trained to read it. */
function tableOf(experts: readonly Expert[]): string {
  const rows = experts.map((expert) => [expert.alias, ...pricesOf(expert), latencyOf(expert)].join(' | '))
  return ['Model | price per million input tokens | price per million output tokens | average latency', ...rows].join(
    '\n',
  )
}

/** A tool in OpenAI's shape: one argument, the model, by its alias. */
export function schemaOf({ tool, experts }: Offer): Tools[number] {
  const aliases = experts.map(({ alias }) => alias)
  const choices = aliases.map((alias) => `'${alias}'`).join(', ')
  const description = `The model used to ${tool.used_to}. Choices: [${choices}]. ${experts.map(praiseOf).join(' ')} The table below shows the pricing and latency of each model:\n${tableOf(experts)}`
  return {
    type: 'function',
    function: {
      name: tool.name,
      description: tool.description,
      parameters: {
        type: 'object',
        title: 'parameters',
        properties: { model: { type: 'string', enum: aliases, description } },
        required: ['model'],
      },
    },
  }
}
