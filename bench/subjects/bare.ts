import Fastify from 'fastify'
import { Pool } from 'undici'
import { type Shape, shapes } from '../shapes.ts'
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

async function ask(lane: number, system: string, user: string) {
  const pool = pools[lane % pools.length] as Pool
  const { body } = await pool.request({
    method: 'POST',
    path: '/v1/chat/completions',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'bench', messages: [{ role: 'system', content: system }, { role: 'user', content: user }], max_tokens: 512, temperature: 0.3, stream: false }),
  })
  const answer = (await body.json()) as Completion
  return { content: answer.choices[0]?.message.content, tokens: answer.usage.completion_tokens }
}

async function runLayers({ layers }: Shape, context: string) {
  const results: unknown[] = []
  let before = ''
  for (const layer of layers) {
    const done = await Promise.all(layer.map((task) => ask(task.lane, task.system, `${task.prompt}\n${context}\n${task.uses_output ? before : ''}`)))
    before = done[0]?.content ?? ''
    results.push(...done)
  }
  return results
}

const app = Fastify({ bodyLimit: 8 * 1024 * 1024 })
app.post<{ Body: { shape: keyof typeof shapes; context: { patient_data: string } } }>('/run', async (request) => {
  const results = await runLayers(shapes[request.body.shape], request.body.context.patient_data)
  return { success: true, results }
})
await app.listen({ host: '127.0.0.1', port: 0 })
report(app.addresses()[0]?.port as number)
