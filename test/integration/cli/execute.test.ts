import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type DemoService, startDemoService } from '../../../src/cli/demo-service.ts'
import { run } from './command.ts'

let service: DemoService
let env: Record<string, string>

beforeAll(async () => {
  service = await startDemoService({ LOG_LEVEL: 'silent' }, () => undefined)
  env = { CONSILIUM_URL: service.address, CONSILIUM_TOKEN: service.token }
})
afterAll(() => service.stop())

describe('execute', () => {
  test('runs a workflow with values given one by one', async () => {
    const { code, out } = await run(['execute', 'parallel_qa', '--set', 'question=When is a chest CT indicated?'], env)
    expect(out).toContain('=== ANSWERS ===')
    expect(out).toContain('speed-up')
    expect(code).toBe(0)
  })

  test('prints nothing but the response as JSON when asked to', async () => {
    const args = ['execute', 'parallel_qa', '--set', 'question=Why?', '--priority', '5', '--json']
    const { code, out, err } = await run(args, env)
    const response = JSON.parse(out)
    expect(response).toMatchObject({ workflow_type: 'parallel_qa', status: 'succeeded', metadata: { simulated: true } })
    expect(response.results[0].priority).toBe(5)
    expect(err).toBe('')
    expect(code).toBe(0)
  })

  test('shows a refusal as sentences that name the missing keys', async () => {
    const { code, out, err } = await run(['execute', 'discharge_summary', '--set', 'patient_data=x'], env)
    expect(err).toContain('(400 missing_context)')
    expect(err).toContain('admission_date')
    expect(err).toContain('Request id: ')
    expect(out).toBe('')
    expect(code).toBe(1)
  })

  test('shows which workflows there are when the type is unknown', async () => {
    const { code, err } = await run(['execute', 'discharge'], env)
    expect(err).toContain('discharge_summary')
    expect(code).toBe(1)
  })

  test('ends with what it has when the time that it was given is over', async () => {
    const args = ['execute', 'parallel_qa', '--set', 'question=Why?', '--timeout', '50ms']
    const { code, out, err } = await run(args, env)
    expect(err).toContain('(504 run_timeout)')
    expect(out).toContain('medicalqa_answer')
    expect(out).toContain("was cancelled (cancelled): The run's time was over before the task ended.")
    expect(code).toBe(1)
  })

  test('sends custom tasks from a file, and refuses a file that holds none', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'consilium-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = (name: string, content: string) => {
      writeFileSync(join(folder, name), content)
      return join(folder, name)
    }
    const tasks = [{ task_id: 'mine', agent_type: 'Chat', prompt: 'Say: {{context.note}}' }]
    const good = file('tasks.json', JSON.stringify(tasks))
    const { code, out } = await run(['execute', 'custom', '--tasks', good, '--set', 'note=Stable.'], env)
    expect(out).toContain('--- Mine (Chat) ---')
    expect(code).toBe(0)

    for (const [name, content, why] of [
      ['object.json', '{"JANE": 1}', 'must be a JSON array of tasks'],
      ['broken.json', '[JANE', 'is not valid JSON'],
    ] as const) {
      const path = file(name, content)
      const { code, err } = await run(['execute', 'custom', '--tasks', path], env)
      expect(err).toBe(`--tasks ${path}: ${why}\n`)
      expect(code).toBe(2)
    }
    const refused = await run(['execute', 'custom', '--tasks', file('bad.json', '[{"task_id": "a"}]')], env)
    expect(refused.err).toContain('custom_tasks[0].agent_type')
    expect(refused.code).toBe(1)
  })

  test('says that a token is not accepted, or missing', async () => {
    const wrong = await run(['execute', 'parallel_qa'], { ...env, CONSILIUM_TOKEN: 'x.y.z' })
    expect(wrong.err).toContain('(401 unauthorized)')
    const missing = await run(['execute', 'parallel_qa'], { CONSILIUM_URL: service.address })
    expect(missing.err).toContain('No token: set CONSILIUM_TOKEN')
    expect([wrong.code, missing.code]).toEqual([1, 2])
  })

  test('refuses bad options before anything is sent', async () => {
    for (const args of [['--row', '2'], ['--timeout', '9'], ['--priority', '6'], ['--unknown']])
      expect(
        await run(['execute', 'parallel_qa', ...args], { ...env, CONSILIUM_URL: 'http://127.0.0.1:1' }),
      ).toMatchObject({
        code: 2,
        out: '',
      })
  })
})

describe('types', () => {
  test('is a table of what each workflow needs', async () => {
    const { code, out } = await run(['types'], env)
    expect(out).toContain('discharge_summary  (2 tasks, parallel)')
    expect(out).toMatch(/needs +patient_data, admission_date, discharge_date/)
    expect(out).toContain('8 workflows')
    expect(code).toBe(0)
  })

  test('is the answer of the service as JSON when asked to', async () => {
    expect(JSON.parse((await run(['types', '--json'], env)).out)).toMatchObject({ total_count: 8 })
  })
})

describe('token', () => {
  test('prints one line that the service with the same secret accepts', async () => {
    const { out, err, code } = await run(['token', '--sub', 'dr'], { JWT_SECRET: 'x'.repeat(32) })
    expect(out).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/)
    expect([err, code]).toEqual(['', 0])
  })

  test('exits with 2 and prints no token without a secret', async () => {
    expect(await run(['token'])).toMatchObject({ code: 2, out: '' })
    const nobody = await run(['token', '--tenant', ''], { JWT_SECRET: 'x'.repeat(32) })
    expect(nobody).toMatchObject({ code: 2, out: '', err: expect.stringContaining('--tenant must') })
  })
})

describe('the command line', () => {
  test('explains its exit codes', async () => {
    const { code, out } = await run(['--help'])
    expect(out).toMatch(/Exit codes:\n {2}0 {2}done/)
    expect(code).toBe(0)
  })

  test('says so when the service cannot be reached', async () => {
    const { code, err } = await run(['types', '--url', 'http://127.0.0.1:1', '--token', 't'])
    expect(err).toContain('Cannot reach the service at http://127.0.0.1:1')
    expect(code).toBe(1)
  })
})

describe('another server in the place of the service', () => {
  let other: Server
  let url: string
  beforeAll(async () => {
    other = createServer((req, res) => {
      if (req.url === '/away/v1/workflows/types') return res.writeHead(302, { location: '/elsewhere' }).end()
      if (req.url === '/cut/v1/workflows/execute?timeline=true') {
        res.writeHead(200, { 'content-type': 'text/event-stream' })
        return res.end('event: task.queued\ndata: {"task_id":"a","at_ms":0}\n\n')
      }
      if (req.url?.startsWith('/full/')) {
        const problem = { title: 'Overloaded', status: 503, code: 'overloaded', detail: 'The queue is full.' }
        return res.writeHead(503, { 'retry-after': '12' }).end(JSON.stringify(problem))
      }
      return res.writeHead(200, { 'content-type': 'text/html' }).end('<html>')
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => other.once('listening', resolve))
    url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`
  })
  afterAll(() => void other.close())

  test('is not taken for it', async () => {
    const { code, err } = await run(['types', '--url', url, '--token', 't'])
    expect(err).toContain('Check --url')
    expect(code).toBe(1)
  })

  test('that is full says when to try again', async () => {
    const { code, err } = await run(['execute', 'x', '--url', `${url}/full`, '--token', 't'])
    expect(err).toContain('(503 overloaded)\nThe queue is full.\nTry again in 12 s.\n')
    expect(code).toBe(1)
  })

  test('cannot send token and data elsewhere by a redirect', async () => {
    expect(await run(['types', '--url', `${url}/away`, '--token', 't'])).toMatchObject({ code: 1, out: '' })
  })

  test('that breaks off a run never passes for a finished one', async () => {
    const { code, err } = await run(['execute', 'x', '--url', `${url}/cut`, '--token', 't'])
    expect(err).toContain('closed the connection before the run had ended')
    expect(code).toBe(1)
  })
})
