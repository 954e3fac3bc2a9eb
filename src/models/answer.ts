import { type CheckedAnswer, readCompletion } from './completion.ts'
import type { Answer } from './exchange.ts'
import { failure, failureOfFault, failureOfStatus } from './failure.ts'
import { parseJson } from './json.ts'
import type { Completion, Failure, ModelRequest } from './port.ts'
import { parseRetryAfter } from './retry-after.ts'
import type { AnswerStream } from './stream.ts'

/** Marks answers of the simulator; nothing else can. */
const SIMULATOR_HEADER = 'x-consilium-simulator'

type Arrived = Answer & { kind: 'answer' }

function readRefusal({ status, headers, body, latency_ms }: Arrived): Failure {
  const told = parseJson(body.toString()) as { error?: { type?: unknown; code?: unknown } } | undefined
  const types = [told?.error?.type, told?.error?.code]
  return failureOfStatus(status, latency_ms, parseRetryAfter(headers['retry-after'], Date.now()), types)
}

function readWhole({ body, latency_ms }: Arrived, max_tokens: number, chat: ModelRequest['chat']): CheckedAnswer {
  const json = parseJson(body.toString())
  if (json === undefined)
    return failure('bad_upstream_response', latency_ms, { message: 'The answer of the model server is not JSON.' })
  return readCompletion(json, max_tokens, latency_ms, chat?.tools === true, chat?.thinking === true)
}

/**
 * What came back from asking for a chat completion, as a checked answer or as a failure. A server that was asked for a
 * stream and answers whole is read as it answers; nothing of it has been handed on then, and `first_token_ms` is null.
 */
export function readAnswer(
  answer: Answer,
  stream: AnswerStream | null,
  { max_tokens, chat = null }: Pick<ModelRequest, 'max_tokens' | 'chat'>,
): Completion | Failure {
  if (answer.kind === 'error') return failureOfFault(answer.reason, answer.latency_ms)
  const { status, headers, latency_ms } = answer
  if (status !== 200) return readRefusal(answer)
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity')
    return failure('bad_upstream_response', latency_ms, {
      message: 'The model server compressed its answer though it was asked not to.',
    })
  const read = stream?.taken ? stream.result(max_tokens, latency_ms) : readWhole(answer, max_tokens, chat)
  return read.ok ? { ...read, simulated: headers[SIMULATOR_HEADER] === '1' } : read
}
