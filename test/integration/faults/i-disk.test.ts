import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { startListening } from '../../helpers/process.ts'
import { answer, startHeldModel } from '../server/held-model.ts'
import { newFolder } from '../store/folder.ts'
import { ASYNC, AUTH, endOf, isReady, listOf, post, STARTS, submit } from './i-asked.ts'
import { until } from './until.ts'

/** How large a file of this process may become, in bytes. Its files are there already, and larger. */
const limitFiles = (pid: number, bytes: number | 'unlimited') =>
  execFileSync('prlimit', [`--pid=${pid}`, `--fsize=${bytes}:unlimited`])

test(
  'I06: a disk that is full under SQLite: no run is taken that cannot be kept, and all goes on when there is room',
  STARTS,
  async () => {
    const model = await startHeldModel()
    const server = await startListening({ ...model.env, DATA_DIR: newFolder() })
    const { origin, pid } = server
    const before = await submit(origin)
    const call = await model.asked(0)
    await until(async () => (await listOf(origin))[0]?.status === 'running', 'it is at work', 5000)

    limitFiles(pid, 100)
    for (const headers of [{}, ASYNC, { 'idempotency-key': 'k' }]) {
      const refused = await post(origin, headers)
      expect([refused.status, Number(refused.headers.get('retry-after')) > 0]).toEqual([503, true])
      expect(await refused.json()).toMatchObject({ code: 'not_ready' })
    }
    // A read would have to be noted in the audit.
    expect((await fetch(`${origin}/v1/runs/${before}`, { headers: AUTH })).status).toBe(503)
    expect((await fetch(`${origin}/v1/workflows/types`, { headers: AUTH })).status).toBe(200)
    expect((await fetch(`${origin}/health/live`)).status).toBe(200)
    expect(model.count()).toBe(1)
    await until(async () => !(await isReady(origin)()), 'no longer ready', 5000)
    expect(await (await fetch(`${origin}/health/ready`)).json()).toMatchObject({
      reasons: ['The store of runs takes no writes.'],
    })
    answer(call, 'Written while the disk was full.')

    limitFiles(pid, 'unlimited')
    await until(isReady(origin), 'ready', 5000)
    expect(await endOf(origin, before)).toMatchObject({
      status: 'succeeded',
      results: [{ content: 'Written while the disk was full.' }],
    })
    const after = await submit(origin)
    answer(await model.asked(1))
    expect(await endOf(origin, after)).toMatchObject({ status: 'succeeded' })
    expect((await listOf(origin)).map(({ run_id }) => run_id).sort()).toEqual([before, after].sort())
    expect(model.count()).toBe(2)
  },
)

test(
  'I06: on a full disk the service is not ready, and it is again when there is room, though nobody sends it work',
  STARTS,
  async () => {
    const server = await startListening({ DATA_DIR: newFolder() })
    const { origin, pid } = server
    await until(isReady(origin), 'ready', 5000)
    limitFiles(pid, 100)
    expect((await post(origin, ASYNC)).status).toBe(503)
    await until(async () => !(await isReady(origin)()), 'no longer ready', 5000)
    limitFiles(pid, 'unlimited')
    await until(isReady(origin), 'ready again', 5000)
    expect((await listOf(origin)).length).toBe(0)
  },
)
