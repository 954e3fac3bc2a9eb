import { expect, test, vi } from 'vitest'
import { authorization, CHAT, type ServiceOptions, startService } from '../../helpers/service.ts'
import { run } from './command.ts'

// Every command is a process of its own.
vi.setConfig({ testTimeout: 60_000 })

async function desk(options: ServiceOptions = {}) {
  const service = await startService({ simulator: { reply: () => 'Yes, it is.' }, ...options })
  const CONSILIUM_URL = await service.listen()
  const CONSILIUM_TOKEN = authorization().authorization.slice('Bearer '.length)
  return { service, cli: (...args: string[]) => run(args, { CONSILIUM_URL, CONSILIUM_TOKEN }) }
}

test('run: the answer alone goes to stdout, what made it to stderr', async () => {
  const { cli } = await desk()
  const plain = await cli('run', 'Is 38.2 °C a fever?')
  expect(plain).toMatchObject({ code: 0, out: 'Yes, it is.\n' })
  expect(plain.err).toMatch(/SIMPLE · choice \d+ % sure · .*SIMULATED/)
  const streamed = await cli('run', 'Is 38.2 °C a fever?', '--stream', '--speed')
  expect(streamed).toMatchObject({ code: 0, out: 'Yes, it is.\n' })
  const json = await cli('run', 'Hi', '--model', CHAT, '--json')
  expect(JSON.parse(json.out)).toMatchObject({ content: 'Yes, it is.', model: CHAT, routing: null })
})

test('run: that another model answered than the chosen one is said, and why', async () => {
  const { cli, service } = await desk()
  const task = 'Is 38.2 °C a fever?'
  const { model: chosen } = JSON.parse((await cli('run', task, '--json')).out)
  service.server(chosen).setFaults(() => ({ kind: 'status', status: 400 }))
  const told = `in place of ${chosen}, which gave no usable answer (upstream_rejected).`
  for (const more of [[], ['--stream'], ['--json']])
    expect(await cli('run', task, ...more)).toMatchObject({ code: 0, err: expect.stringContaining(told) })
})

test('run: what goes wrong is said on stderr, with the exit code of its kind', async () => {
  const { cli, service } = await desk()
  expect(await cli('run', 'Hi', '--speed', '--cost')).toMatchObject({
    code: 2,
    out: '',
    err: expect.stringContaining('Choose one of'),
  })
  expect(await cli('run', 'Hi', '--model', 'gpt-4')).toMatchObject({
    code: 1,
    out: '',
    err: expect.stringContaining('gpt-4'),
  })
  service.server(CHAT).setFaults(() => ({ kind: 'status', status: 400 }))
  for (const more of [[], ['--stream']])
    expect(await cli('run', 'Hi', '--model', CHAT, ...more)).toMatchObject({
      code: 1,
      err: expect.stringContaining('upstream_rejected'),
    })
})

test('models, health and stats tell what is true, as commands and as options', async () => {
  const { cli, service } = await desk()
  await cli('run', 'Is 38.2 °C a fever?')
  const models = await cli('--models')
  expect(models.code).toBe(0)
  expect(models.out).toMatch(new RegExp(`${CHAT.replaceAll('.', '\\.')} +GPU 1`))
  const stats = await cli('--stats')
  expect(stats.out).toMatch(/SIMPLE +1 +100 %/)
  const well = await cli('health')
  expect(well).toMatchObject({ code: 0, out: expect.stringContaining('Everything that is needed is up.') })
  expect(well.out).toMatch(/store +memory +ok/)
  expect(well.out).toMatch(/memory +store +not available +No model of the roster makes embeddings/)
  await service.app.inject({
    method: 'POST',
    url: '/v1/chat/completions',
    headers: authorization(),
    payload: { model: CHAT, messages: [{ role: 'user', content: 'Hi' }] },
  })
})

test('health: an agent that no model answers for is something needed that is down', async () => {
  const { cli, service } = await desk()
  service.server(CHAT).setFaults([{ kind: 'refuse', for_ms: 60_000 }])
  await cli('run', 'Hi', '--model', CHAT)
  const ill = await cli('--health')
  expect(ill.code).toBe(1)
  expect(ill.out).toMatch(/agents +roster +DOWN +No model answers for .*Chat/)
})
