import type { Domain, ModelTier } from '../../contract/model-card.ts'
import type { ToolKind, ToolView } from '../../contract/supervise.ts'
import { ConfigError } from '../../errors.ts'
import type { Work } from './work.ts'

/** Something that the orchestrator model may have done by a model of its choice. */
export interface Tool {
  /** Also the name in the model's calls: a–z, 0–9 and _. */
  name: string
  kind: ToolKind
  /** For the orchestrator model. */
  description: string
  /** What the chosen model does, in a few words: "The model used to …". */
  used_to: string
  /** Its models are called `alias-1`, `alias-2`, … */
  alias: string
  /** Models of this tier go first where there are more than can be offered. */
  default_tier: ModelTier
  /** Only models that serve this field, while there is one. @default null, the field does not count */
  domain?: Domain | null
  /** What its text is: the answer, which ends the task; a query for documents; or a note for what follows. */
  gives: 'answer' | 'query' | 'note'
  max_tokens: number
  /** Notes that must be there before it is of use. @default 0 */
  needs_notes?: number
  /** The user's message to the chosen model. */
  ask: (work: Work) => string
}

const NAME = /^[a-z][a-z0-9_]{0,63}$/
const ALIAS = /^[a-z][a-z0-9-]{0,31}$/

/** Puts tools together by name. Throws a ConfigError when one has no usable name, or one that is taken. */
export function toolbox(tools: readonly Tool[]): ReadonlyMap<string, Tool> {
  const box = new Map<string, Tool>()
  const aliases = new Set<string>()
  for (const tool of tools) {
    const { name, alias } = tool
    if (!NAME.test(name)) throw new ConfigError(`The tool name "${name}" must be a-z, 0-9 and _, 64 characters at most`)
    if (!ALIAS.test(alias)) throw new ConfigError(`The alias of tool ${name} must be a-z, 0-9 and -, 32 at most`)
    if (box.has(name)) throw new ConfigError(`There are two tools with the name ${name}`)
    if (aliases.has(alias)) throw new ConfigError(`The alias "${alias}" of tool ${name} is another tool's`)
    box.set(name, tool)
    aliases.add(alias)
  }
  return box
}

export const toolView = ({ name, kind, description, default_tier }: Tool, offered: boolean): ToolView => ({
  name,
  kind,
  description,
  default_tier,
  offered,
})
