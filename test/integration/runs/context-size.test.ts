import { describe, expect, it } from 'vitest'
import { CHAT, custom, MEDICAL_QA, resultOf, run, startService } from '../../helpers/service.ts'

/** About 6,500 tokens: too many for Chat's 2,048, few enough for Clinical's 8,192. */
const LARGE = 'Stable overnight, no fever. '.repeat(750)
const read = (task_id: string, agent_type: string) => ({ task_id, agent_type, prompt: 'Read {{context.note}}' })

describe('a document that does not fit the context of a model', () => {
  it.each([true, false])('fails its task before any GPU works; the server can count tokens: %s', async (tokenize) => {
    const service = await startService({ simulator: { tokenize } })
    const tasks = [read('small', 'Chat'), read('large', 'Clinical')]
    const response = await run(service, custom(tasks, { context: { note: LARGE } }))
    expect(resultOf(response, 'small')).toMatchObject({ status: 'failed', error: { code: 'context_overflow' } })
    expect(resultOf(response, 'large').status).toBe('succeeded')
    expect(service.server(CHAT).ledger.received).toBe(0)
    expect(resultOf(response, 'small').error?.message).not.toContain('Stable')
  })

  it('fits or not by its max_tokens too', async () => {
    const service = await startService()
    const note = LARGE.slice(0, 5200)
    const answer = async (max_tokens: number) =>
      (await service.execute(custom([{ ...read('a', 'Chat'), max_tokens }], { context: { note } }))).json()
    expect((await answer(100)).status).toBe('succeeded')
    expect((await answer(1900)).run.results[0].error.code).toBe('context_overflow')
  })

  it('fails after all models of its agent when none is large enough', async () => {
    const service = await startService()
    const tasks = [read('a', 'Clinical')]
    const { run: ended } = (await service.execute(custom(tasks, { context: { note: LARGE.repeat(3) } }))).json()
    expect(ended.results[0].attempts).toMatchObject([{ outcome: 'context_overflow' }, { model: MEDICAL_QA }])
    expect(ended.results[0].error.code).toBe('context_overflow')
    expect(service.simulator.ledger.received).toBe(0)
  })
})

describe('a prompt that a server cut in silence', () => {
  it('makes the task fail as input_truncated: half a record is no record', async () => {
    const service = await startService()
    service.server(CHAT).setFaults(() => ({ kind: 'input_cut', prompt_tokens: 40 }))
    const { run: ended } = (
      await service.execute(custom([read('a', 'Chat')], { context: { note: LARGE.slice(0, 2000) } }))
    ).json()
    expect(ended.results[0]).toMatchObject({ status: 'failed', content: null, error: { code: 'input_truncated' } })
  })

  it('is warned of where the server has no tokenizer to prove it', async () => {
    const service = await startService({ simulator: { tokenize: false } })
    service.server(CHAT).setFaults(() => ({ kind: 'input_cut', prompt_tokens: 40 }))
    const response = await run(service, custom([read('a', 'Chat')], { context: { note: LARGE.slice(0, 2000) } }))
    expect(resultOf(response, 'a')).toMatchObject({ status: 'succeeded', warnings: [expect.stringContaining('cut')] })
  })
})
