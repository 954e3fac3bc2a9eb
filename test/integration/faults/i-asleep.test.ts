import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startListening } from '../../helpers/process.ts'
import { CLINICAL } from '../../helpers/service.ts'
import { answer, startHeldModel } from '../server/held-model.ts'
import { newFolder } from '../store/folder.ts'
import { hopsOf } from './cases.ts'
import { endOf, get, isReady, PATIENCE_MS, STARTS, submit } from './i-asked.ts'
import { until } from './until.ts'

/** The first of two models may use half of it. */
const TASK_MS = 8000
/** More than a second past that half, and less than would lose the run. */
const STILL_MS = TASK_MS / 2 + 1200

test(
  'I11: a service that stood still past the time of a call takes the answer that came meanwhile; no other model writes',
  STARTS,
  async () => {
    const model = await startHeldModel()
    const still = await startListening({ ...model.env, DATA_DIR: newFolder() })
    const run_id = await submit(
      still.origin,
      {},
      {
        workflow_type: 'custom',
        custom_tasks: [{ task_id: 'one', agent_type: 'Clinical', prompt: 'Say it.', timeout_ms: TASK_MS }],
      },
    )
    const call = await model.asked(0)
    still.signal('SIGSTOP')
    // What comes in the moment in which it is stopped would be read before any timer.
    await pause(STILL_MS / 2)
    answer(call, 'It came while nobody read it.')
    await pause(STILL_MS / 2)
    still.signal('SIGCONT')
    await until(isReady(still.origin), 'ready', PATIENCE_MS)
    const { results } = await endOf(still.origin, run_id)
    expect(results.map(hopsOf)).toEqual([[[CLINICAL, 'ok']]])
    expect(results[0]).toMatchObject({ status: 'succeeded', content: 'It came while nobody read it.' })
    expect(model.count()).toBe(1)
    expect(await get(`${still.origin}/health/ready`)).toMatchObject({ degraded: [] })
    expect(still.log().filter(({ finding }) => finding === 'unreachable')).toEqual([])
  },
)
