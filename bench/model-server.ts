import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'

/**
 * A model server that costs next to nothing, so that what is measured is the service in front of it: one canned chat
 * completion per request, on raw sockets; at once, or after the milliseconds that a prompt asks for as `[latency 200]`.
 * Listens on two free ports of 127.0.0.1, one per lane, and says which over IPC.
 */
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
const nextAnswer = (): Buffer => answers[turn++ % answers.length] as Buffer
const notFound = Buffer.from('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n')

/** Bytes of the first whole request in `data`, or 0 while it is incomplete. */
function requestLength(data: Buffer): number {
  const end = data.indexOf('\r\n\r\n')
  if (end < 0) return 0
  const length = /content-length: *(\d+)/i.exec(data.toString('latin1', 0, end))?.[1]
  const total = end + 4 + Number(length ?? 0)
  return data.length >= total ? total : 0
}

function respond(socket: Socket, request: Buffer): void {
  if (!request.includes('/chat/completions')) socket.write(notFound)
  else if (!request.includes('[latency ')) socket.write(nextAnswer())
  else setTimeout(() => socket.write(nextAnswer()), Number(/\[latency (\d+)\]/.exec(request.toString('latin1'))?.[1]))
}

function serve(socket: Socket): void {
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

const servers = [createServer(serve), createServer(serve)]
await Promise.all(servers.map((server) => once(server.listen(0, '127.0.0.1'), 'listening')))
process.on('disconnect', () => process.exit(0))
process.send?.({ ports: servers.map((server) => (server.address() as AddressInfo).port) })
