import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import { Pool } from 'undici'
import { type ShapeName, type ShapeTask, shapes } from '../shapes.ts'
import { report } from './report.ts'

/**
 * What a team writes that needs no service: a Fastify route that awaits `Promise.all` over one undici pool per model
 * server. No auth, validation, lanes, deadlines, timing, metrics or logs.
 */
const ports = process.argv.slice(2).map(Number)
const pools = ports.map((port) => new Pool(`http://127.0.0.1:${port}`, { connections: 256 }))

interface Completion {
  choices: { message: { content: string }; finish_reason: string }[]
  usage: { completion_tokens: number }
}

type Context = Record<string, string>

async function ask({ lane, system, prompt, uses_output }: ShapeTask, context: Context, before: string) {
  const filled = prompt.replace(/\{\{context\.(\w+)\}\}/g, (_, key: string) => context[key] ?? '')
  const user = uses_output ? `${filled}\n${before}` : filled
  const { body } = await (pools[lane] as Pool).request({
    method: 'POST',
    path: '/v1/chat/completions',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'bench',
      messages: [
        { role: 'system', content: system },
        { role: 'user', content: user },
      ],
      max_tokens: 512,
      temperature: 0.3,
      stream: false,
    }),
  })
  const answer = (await body.json()) as Completion
  return { content: answer.choices[0]?.message.content ?? '', tokens: answer.usage.completion_tokens }
}

const app = Fastify({ bodyLimit: 8 * 1024 * 1024 })

app.post<{ Body: { shape: ShapeName; context: Context } }>('/run', async (request) => {
  const { shape, context } = request.body
  const results: { content: string; tokens: number }[] = []
  let before = ''
  for (const layer of shapes[shape].layers) {
    const done = await Promise.all(layer.map((task) => ask(task, context, before)))
    before = done[0]?.content ?? ''
    results.push(...done)
  }
  return { success: true, content: results.map((result) => result.content).join('\n\n'), results }
})

await app.listen({ host: '127.0.0.1', port: 0 })
report((app.server.address() as AddressInfo).port)
