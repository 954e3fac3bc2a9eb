import { type Completion, complete } from './completion.ts'
import { type ChatRequest, isObject } from './request.ts'
import { countTokens } from './tokens.ts'

/** A call as a scripted orchestrator model makes it. */
export interface ScriptedCall {
  tool: string
  /** An alias. @default the first that the tool offers */
  model?: string
}

/** What a scripted orchestrator model says on one turn. Nothing in it: an answer without a call. */
export interface OrchestratorMove {
  calls?: readonly ScriptedCall[]
  /** What it writes to itself. */
  think?: string
  text?: string
  /**
   * How the calls come: as vLLM's hermes parser hands them on, as the model writes them, as it writes them where the chat
   * template has opened its thoughts, or parsed with the thoughts taken out of the text. @default tool_calls
   */
  as?: 'tool_calls' | 'raw' | 'raw_opened' | 'reasoning_parser'
}

/** The moves of the requests to come, the last one for ever; or a function of the n-th request, from 1. */
export type OrchestratorScript =
  | readonly [OrchestratorMove, ...OrchestratorMove[]]
  | ((n: number, request: ChatRequest) => OrchestratorMove)

interface ToolSeen {
  name: string
  aliases: readonly string[]
}

function readTool(tool: unknown): ToolSeen | null {
  if (!isObject(tool) || tool.type !== 'function' || !isObject(tool.function)) return null
  const { name, parameters } = tool.function
  if (typeof name !== 'string' || !isObject(parameters) || !isObject(parameters.properties)) return null
  const { model } = parameters.properties
  if (!isObject(model) || !Array.isArray(model.enum) || typeof model.description !== 'string') return null
  if (JSON.stringify(parameters.required) !== '["model"]') return null
  // Each alias has its row in the table of prices.
  const aliases = model.enum.map(String)
  const { description } = model
  return aliases.every((alias) => description.includes(`\n${alias} | `)) ? { name, aliases } : null
}

/** The tools of a request in the form that the model was trained on, or one sentence on what is wrong with the request. */
export function readTrained(request: ChatRequest): ToolSeen[] | string {
  const [system, user, ...more] = request.messages
  if (system?.role !== 'system' || system.content !== 'You are good at using tools.')
    return 'The first message must be the system message of the training'
  if (user?.role !== 'user' || more.length > 0) return 'There must be two messages: every turn is a fresh prompt'
  if (!/^Problem: [\s\S]*\n\nChoose an appropriate tool\.$/.test(user.content))
    return 'The user message must begin with "Problem: " and end with the ask to choose a tool'
  if (request.temperature !== 1) return 'The temperature must be 1'
  const tools = (request.tools ?? []).map(readTool)
  if (tools.length === 0) return 'There must be tools'
  return tools.every((tool) => tool !== null) ? tools : 'Each tool must have one argument, model, with its table'
}

/** A good player: has the problem thought about once, where that is offered, and then answered. */
export const playWell = (_: number, request: ChatRequest): OrchestratorMove => {
  const tools = readTrained(request)
  const names = typeof tools === 'string' ? [] : tools.map(({ name }) => name)
  const thought = request.messages.at(-1)?.content.includes('\nIntermediate results:\n') === true
  const tool = !thought && names.includes('enhance_reasoning') ? 'enhance_reasoning' : 'answer'
  return { think: `Simulated: ${tool} comes next.`, calls: [{ tool }] }
}

const written = (name: string, model: string): string =>
  `<tool_call>\n${JSON.stringify({ name, arguments: { model } })}\n</tool_call>`

const asToolCall = (name: string, model: string, at: number) => ({
  id: `call_${at}`,
  type: 'function',
  function: { name, arguments: JSON.stringify({ model }) },
})

function speak({ calls = [], think, text = '', as = 'tool_calls' }: OrchestratorMove, tools: readonly ToolSeen[]) {
  const filled = calls.map(({ tool, model }) => {
    const first = tools.find(({ name }) => name === tool)?.aliases[0]
    return [tool, model ?? first ?? 'none-1'] as const
  })
  const raw = filled.map(([name, model]) => written(name, model)).join('\n')
  const parsed = { tool_calls: filled.map(([name, model], at) => asToolCall(name, model, at)) }
  const block = think === undefined ? '' : `<think>\n${think}\n</think>\n\n`
  switch (as) {
    case 'raw':
      return { content: `${block}${text}${raw}` }
    case 'raw_opened':
      return { content: `${think ?? ''}\n</think>\n\n${text}${raw}` }
    case 'reasoning_parser':
      return { content: text === '' ? null : text, reasoning_content: think ?? null, ...parsed }
    case 'tool_calls':
      return filled.length > 0 ? { content: `${block}${text}` || null, ...parsed } : { content: `${block}${text}` }
  }
}

/** Plays an orchestrator model. It answers only what has the form of its training; to anything else it gives a sentence. */
export function createOrchestrator(script: OrchestratorScript) {
  let n = 0
  return (request: ChatRequest, window: number): Completion | string => {
    const tools = readTrained(request)
    if (typeof tools === 'string') return tools
    n++
    const move =
      typeof script === 'function' ? script(n, request) : (script[Math.min(n, script.length) - 1] as OrchestratorMove)
    const said = speak(move, tools)
    const { prompt_tokens } = complete(request, () => '', window)
    const completion_tokens = countTokens(JSON.stringify(said))
    const finish_reason = 'tool_calls' in said ? 'tool_calls' : 'stop'
    return { ...said, finish_reason, prompt_tokens, completion_tokens }
  }
}
