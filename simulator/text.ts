import {
  type Block,
  BULLET,
  type Fact,
  instructionOf,
  readBlocks,
  readFacts,
  readHeadings,
  readWordLimit,
  shorten,
} from './prompt.ts'
import { place } from './relevance.ts'
import { type ChatRequest, messagesOf } from './request.ts'

const WORDS_A_FACT = 24
const MAX_ROOM = 4
const UNHEADED_ROOM = 6
const MAX_NAMED = 8
const NO_QUOTE = '- (no quote from the data fits here)'

/** The first line of every simulated text. */
export const simulatedBy = (model: string): string => `[simulated by ${model}; not for clinical use]`

const quote = ({ text, source }: Fact): string => `- “${text}” (${source})`

/** The first lines of a dependency's output that say something; its own mark is none of them unless it stands alone. */
function citeOutput({ name, agent, text }: Block): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const telling = lines.filter((line) => !line.includes('[simulated by '))
  const cited = (telling.length > 0 ? telling : lines).slice(0, 2).map((line) => shorten(line.replace(BULLET, ''), 100))
  return `- ${name}${agent === null ? '' : ` (${agent})`}: "${cited.join(' / ')}"`
}

function citeDependencies(blocks: readonly Block[]): string[] {
  const outputs = blocks.filter(({ kind }) => kind === 'output')
  return outputs.length === 0 ? [] : ['', 'Builds on:', ...outputs.map(citeOutput)]
}

function factsOf(blocks: readonly Block[], user: string): Fact[] {
  const given = blocks.filter(({ kind }) => kind === 'context')
  return given.length > 0
    ? given.flatMap(({ name, text }) => readFacts(text, name))
    : readFacts(instructionOf(user), 'prompt')
}

/** The first facts of each source in turn, so that every source is seen. */
function sample(facts: readonly Fact[], room: number): Fact[] {
  const seen = new Map<string, number>()
  const ranked = facts.map((fact, at) => {
    const rank = seen.get(fact.source) ?? 0
    seen.set(fact.source, rank + 1)
    return { fact, at, rank }
  })
  const chosen = ranked.sort((a, b) => a.rank - b.rank || a.at - b.at).slice(0, room)
  return chosen.sort((a, b) => a.at - b.at).map(({ fact }) => fact)
}

/** The beginning of every source, so that a reader sees what the model was given. */
function nameSources(facts: readonly Fact[]): string[] {
  const firsts = new Map<string, string>()
  for (const { source, text } of facts) if (!firsts.has(source)) firsts.set(source, shorten(text, 60))
  const named = [...firsts].slice(0, MAX_NAMED)
  return named.length === 0 ? [] : [`Given: ${named.map(([source, text]) => `${source} “${text}”`).join('; ')}`]
}

/**
 * The text that the simulated model "writes": marked in its first line, under the headings that the system message asks
 * for, made only of quotes from the data and from the outputs of earlier tasks. The same request gives the same text.
 */
export function writeText(model: string, request: ChatRequest): string {
  const system = messagesOf(request, 'system')
  const user = messagesOf(request, 'user')
  const blocks = readBlocks(user)
  const facts = factsOf(blocks, user)
  const headings = readHeadings(system)
  const lines = [simulatedBy(model), ...nameSources(facts), ...citeDependencies(blocks)]
  if (headings.length === 0) {
    lines.push('', 'Quotes:', ...sample(facts, UNHEADED_ROOM).map(quote))
    if (facts.length === 0) lines.push('- none')
    return lines.join('\n')
  }
  const words = readWordLimit(system) ?? headings.length * WORDS_A_FACT * 3
  const room = Math.min(MAX_ROOM, Math.max(1, Math.floor(words / headings.length / WORDS_A_FACT)))
  for (const [at, found] of place(facts, headings, room).entries()) {
    lines.push('', `${headings[at]?.title}:`)
    lines.push(...(found.length > 0 ? found.map(quote) : [NO_QUOTE]))
  }
  return lines.join('\n')
}
