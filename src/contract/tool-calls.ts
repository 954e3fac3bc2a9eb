/** A call of a tool as a model wrote it. */
export interface ToolCall {
  name: string
  arguments: unknown
}

/** The same JSON, in which no argument can end its block. */
const endless = (json: string): string => json.replaceAll('</', '<\\/')

/** Calls of tools as text: the form in which open models write them and were trained to read them (Hermes, Qwen). */
export const writeToolCalls = (calls: readonly ToolCall[]): string =>
  calls.map((call) => `<tool_call>\n${endless(JSON.stringify(call))}\n</tool_call>`).join('\n')

/** What a tool has answered, as text of the user. */
export const writeToolResponse = (content: string): string => `<tool_response>\n${content}\n</tool_response>`

/** Whether a message of the user is what a tool has answered. */
export const isToolResponse = (content: string): boolean =>
  /^\s*<tool_response>\n[\s\S]*\n<\/tool_response>\s*$/.test(content)

const BLOCK = /<tool_call>\s*(\{[\s\S]*?\})\s*<\/tool_call>/g

function readCall(json: string): ToolCall | null {
  try {
    const { name, arguments: given = {} } = JSON.parse(json) as { name?: unknown; arguments?: unknown }
    return typeof name === 'string' ? { name, arguments: given } : null
  } catch {
    return null
  }
}

/** The text beside the calls in an answer, and the calls. A block that is no call stays text. */
export function readToolCalls(content: string): { text: string; calls: ToolCall[] } {
  const calls: ToolCall[] = []
  const text = content.replace(BLOCK, (block, json: string) => {
    const call = readCall(json)
    if (call === null) return block
    calls.push(call)
    return ''
  })
  return { text: text.trim(), calls }
}
