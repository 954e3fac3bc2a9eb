import type { Socket } from 'node:net'

/** Chat completions over raw sockets, written once: what they cost must not count against the service. */
const FINDINGS = ['oedema', 'dyspnoea', 'creatinine', 'potassium', 'weight', 'oxygen', 'rhythm', 'pressure']

function answerOf(index: number): Buffer {
  const finding = FINDINGS[index % FINDINGS.length]
  const sentence = `On day ${index + 1} the ${finding} was reviewed and the intravenous diuretic was adjusted as documented. `
  const body = JSON.stringify({
    id: `chatcmpl-${index}`,
    object: 'chat.completion',
    model: 'bench',
    choices: [{ index: 0, message: { role: 'assistant', content: sentence.repeat(6) }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 900, completion_tokens: 120, total_tokens: 1020 },
  })
  const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`
  return Buffer.from(head + body)
}

/** Answers differ from task to task, as models' answers do; in turn, so that each costs the same. More than the widest run has tasks. */
const answers = Array.from({ length: 1009 }, (_, index) => answerOf(index))
let turn = 0
export const nextAnswer = (): Buffer => answers[turn++ % answers.length] as Buffer
export const notFound = Buffer.from('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n')

export const isCompletion = (request: Buffer): boolean => request.includes('/chat/completions')

/** Bytes of the first whole request in `data`, or 0 while it is incomplete. */
function requestLength(data: Buffer): number {
  const end = data.indexOf('\r\n\r\n')
  if (end < 0) return 0
  const length = /content-length: *(\d+)/i.exec(data.toString('latin1', 0, end))?.[1]
  const total = end + 4 + Number(length ?? 0)
  return data.length >= total ? total : 0
}

/** For `createServer`: cuts what comes in on a connection into requests. */
export const onRequest =
  (respond: (socket: Socket, request: Buffer) => void) =>
  (socket: Socket): void => {
    let pending: Buffer = Buffer.alloc(0)
    socket.setNoDelay(true)
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk) => {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
      for (let length = requestLength(pending); length > 0; length = requestLength(pending)) {
        respond(socket, pending.subarray(0, length))
        pending = pending.subarray(length)
      }
    })
  }
