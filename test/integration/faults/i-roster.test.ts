import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { RosterFile } from '../../../src/contract/roster.ts'
import { builtinRoster } from '../../../src/models/builtin-roster.ts'
import { startListening } from '../../helpers/process.ts'
import { CHAT, MEDICAL_QA } from '../../helpers/service.ts'
import { answer, startHeldModel } from '../server/held-model.ts'
import { newFolder } from '../store/folder.ts'
import { endOf, STARTS, submit } from './i-asked.ts'

const oneTask = (agent_type: string) => ({
  workflow_type: 'custom',
  custom_tasks: [{ task_id: 'one', agent_type, prompt: 'Say it.' }],
})

test(
  'I19: a GPU is taken out while runs wait for its model: they go where their agent points now, or end with the reason',
  STARTS,
  async () => {
    const model = await startHeldModel()
    const urls = JSON.parse(model.env.MODEL_PORTS) as Record<string, string>
    const folder = newFolder()
    const env = { DATA_DIR: folder, MODELS_FILE: join(folder, 'models.json') }
    const write = (roster: RosterFile) => writeFileSync(env.MODELS_FILE, JSON.stringify(roster))
    const models = builtinRoster.models.map((one) => ({ ...one, url: urls[one.id] as string }))
    const { agents } = builtinRoster
    write({ ...builtinRoster, models, agents: { ...agents, Porter: { model: CHAT, fallbacks: [] } } })

    const first = await startListening(env)
    const inFlight = await submit(first.origin)
    const call = await model.asked(0)
    expect(call.path).toContain(CHAT)
    const queued = await submit(first.origin, {}, oneTask('Chat'))
    const homeless = await submit(first.origin, {}, oneTask('Porter'))
    first.signal('SIGTERM')
    expect(await first.ended).toEqual({ code: 0, signal: null })

    const left = { model: MEDICAL_QA, fallbacks: [] }
    write({
      gpus: builtinRoster.gpus.filter(({ id }) => id === 0),
      models: models.filter(({ gpu }) => gpu === 0),
      agents: { ...agents, Billing: left, Claims: left, Chat: left },
    })
    const second = await startListening(env)
    for (const at of [1, 2]) {
      const moved = await model.asked(at)
      expect(moved.path).toContain(MEDICAL_QA)
      answer(moved)
    }
    for (const run_id of [inFlight, queued])
      expect(await endOf(second.origin, run_id)).toMatchObject({
        status: 'succeeded',
        results: [{ model: MEDICAL_QA, gpu: 0 }],
      })
    const ended = await endOf(second.origin, homeless)
    expect(ended).toMatchObject({ status: 'failed', success: false })
    expect(ended.aggregated_content).toContain('cannot go on')
    expect(ended.aggregated_content).toContain('Porter')
    expect(model.count()).toBe(3)
  },
)
