import { type Completion, keepEnd, type Writer } from './completion.ts'
import type { Fault } from './faults.ts'
import type { Json } from './render.ts'
import { type ChatRequest, isObject } from './request.ts'
import { firstTokens } from './tokens.ts'

/** Stands for the bytes that are not UTF-8 until the text has become bytes. */
const MARK = '\uE000'
const NOT_UTF8 = Buffer.from([0xff, 0xc3, 0x28, 0xed, 0xa0, 0x80])
const BOM = Buffer.from([0xef, 0xbb, 0xbf])

const TEXTS = { nul: '\u0000', lone_surrogate: '\ud83d', invalid_utf8: MARK, bom: '' } as const

const call = { id: 'call_1', type: 'function', function: { name: 'lookup', arguments: '{}' } }

function halve(completion: Completion, reason: string): Completion {
  const { text, tokens } = firstTokens(completion.content ?? '', Math.max(1, completion.completion_tokens >> 1))
  return { ...completion, content: text, completion_tokens: tokens, finish_reason: reason }
}

function fill(completion: Completion, max_tokens: number): Completion {
  const seed = completion.content || 'text '
  // At most 4 characters make a token, so this is long enough.
  const { text, tokens } = firstTokens(seed.repeat(Math.ceil((max_tokens * 4) / seed.length)), max_tokens)
  return { ...completion, content: text, completion_tokens: tokens, finish_reason: 'stop' }
}

/** The completion as a fault changes what the model says; unchanged for faults that change something else. */
export function distortCompletion(completion: Completion, fault: Fault | null, request: ChatRequest): Completion {
  switch (fault?.kind) {
    case 'empty':
      return { ...completion, content: '', completion_tokens: 0 }
    case 'finish':
      return fault.reason === 'tool_calls'
        ? { ...completion, content: null, finish_reason: 'tool_calls', tool_calls: [call] }
        : halve(completion, fault.reason)
    case 'cut_as_stop':
      return fill(completion, request.max_tokens ?? completion.completion_tokens)
    case 'input_cut':
      return { ...completion, prompt_tokens: fault.prompt_tokens }
    case 'bad_text':
      return { ...completion, content: `${completion.content}${TEXTS[fault.variant]} end` }
    default:
      return fault?.kind === 'stream' && fault.variant === 'split_utf8'
        ? { ...completion, content: `${completion.content} µg–😀` }
        : completion
  }
}

/** The text written from what an `input_cut` leaves of the prompt; the writer itself for every other fault. */
export const distortWriter = (write: Writer, fault: Fault | null): Writer =>
  fault?.kind === 'input_cut' ? (request) => write(keepEnd(request, fault.prompt_tokens)) : write

const mapValues = (value: unknown, change: (count: unknown) => unknown): unknown =>
  isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, count]) => [key, change(count)])) : value

function withContent(json: Json, content: unknown): Json {
  const [choice] = Array.isArray(json.choices) ? json.choices : []
  if (!isObject(choice)) return json
  const part = 'delta' in choice ? 'delta' : 'message'
  return { ...json, choices: [{ ...choice, [part]: { ...(choice[part] as Json), content } }] }
}

function withoutMessage(json: Json): Json {
  const [choice] = Array.isArray(json.choices) ? json.choices : []
  if (!isObject(choice)) return json
  const { message: _, delta: __, ...rest } = choice
  return { ...json, choices: [rest] }
}

/** A body, or a chunk of a stream, as a `schema` fault changes its shape. */
export function distortJson(json: Json, fault: Fault | null): unknown {
  if (fault?.kind !== 'schema') return json
  const { choices, usage, ...rest } = json
  switch (fault.variant) {
    case 'not_object':
      return [json]
    case 'no_choices':
      return { ...rest, usage }
    case 'choices_object':
      return { ...json, choices: { ...(choices as object[]) } }
    case 'empty_choices':
      return { ...json, choices: [] }
    case 'no_message':
      return withoutMessage(json)
    case 'content_null':
      return withContent(json, null)
    case 'content_number':
      return withContent(json, 42)
    case 'content_array':
      return withContent(json, [{ type: 'text', text: 'part' }])
    case 'usage_strings':
      return { ...json, usage: mapValues(usage, String) }
    case 'usage_negative':
      return { ...json, usage: mapValues(usage, () => -1) }
    case 'no_usage':
      return { ...rest, choices }
    case 'extra_members':
      return { ...json, timings: { predicted_ms: 1 }, __verbose: { deep: [{}] }, system_fingerprint: null }
  }
}

/** The bytes of an answer as a `bad_text` or `malformed` fault changes them. */
export function distortBytes(bytes: Buffer, fault: Fault | null): Buffer {
  if (fault?.kind === 'malformed') return Buffer.from('{"choices": [{oops')
  if (fault?.kind !== 'bad_text') return bytes
  if (fault.variant === 'bom') return Buffer.concat([BOM, bytes])
  const at = bytes.indexOf(MARK)
  return at < 0 ? bytes : Buffer.concat([bytes.subarray(0, at), NOT_UTF8, bytes.subarray(at + Buffer.byteLength(MARK))])
}
