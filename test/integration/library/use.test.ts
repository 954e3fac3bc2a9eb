import { getEventListeners } from 'node:events'
import { describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import type { ModelServer } from '../../../simulator/server.ts'
import { type Simulator, type SimulatorOptions, startSimulator } from '../../../simulator/simulate.ts'
import {
  ConfigError,
  type ConsiliumOrchestrator,
  createOrchestrator,
  defineWorkflow,
  executeWorkflow,
  getOrchestrator,
  type OrchestratorOptions,
  Problem,
  type RosterFile,
  type RunEvent,
  required,
  WorkflowType,
} from '../../../src/library.ts'

const LAB = { lab_results: 'Potassium 5.1 mmol/l', patient_info: 'Woman, 63' }
const CLINICAL = 'BioMistral-Clinical-7B'

interface Subject {
  orchestrator: ConsiliumOrchestrator
  simulator: Simulator
  server: (model: string) => ModelServer
}

/** An orchestrator on simulated servers; both end with the test. */
async function start(
  options: Omit<OrchestratorOptions, 'roster'> & { roster?: (running: RosterFile) => RosterFile } = {},
  simulated: SimulatorOptions = {},
): Promise<Subject> {
  const simulator = await startSimulator(simulated)
  const { roster = (running) => running, ...rest } = options
  const orchestrator = createOrchestrator({ ...rest, roster: roster(simulator.roster) })
  onTestFinished(async () => {
    await orchestrator.close()
    await simulator.close()
  })
  return { orchestrator, simulator, server: (model) => simulator.servers.get(model) as ModelServer }
}

const refusalOf = (promise: Promise<unknown>): Promise<Problem> =>
  promise.then(
    () => Promise.reject(new Error('It was not refused')),
    (error: unknown) => (error instanceof Problem ? error : Promise.reject(error)),
  )

const SECOND_OPINION = defineWorkflow({
  type: 'second_opinion',
  description: 'Two specialists look at one case, one after the other.',
  context: z.object({ patient_case: required('The case') }),
  tasks: [
    { task_id: 'first', agent_type: 'Clinical', system: 'You assess.', prompt: 'Assess: {{context.patient_case}}' },
    {
      task_id: 'second',
      agent_type: 'Cardiology',
      system: 'You review.',
      prompt: 'Review the assessment.',
      dependencies: ['first'],
    },
  ],
  layout: { title: 'SECOND OPINION', sections: { second: { heading: 'REVIEW', style: 'subsection' } } },
})

describe('what may be asked for beside the result', () => {
  it('is the timeline and the time of the tasks one at a time; neither is there unasked', async () => {
    const { orchestrator } = await start()
    const asked = { timeline: true, measure: 'sequential' } as const
    const full = await orchestrator.executeWorkflow(WorkflowType.LAB_REPORT, LAB, undefined, asked)
    expect(full.timeline?.tasks.map(({ task_id }) => task_id)).toEqual(full.results.map(({ task_id }) => task_id))
    expect(full.metadata.measured?.complete).toBe(true)
    const plain = await orchestrator.executeWorkflow(WorkflowType.LAB_REPORT, LAB)
    expect(plain).not.toHaveProperty('timeline')
    expect(plain.metadata).not.toHaveProperty('measured')
  })
})

describe('executeWorkflow', () => {
  it('runs each built-in workflow that WorkflowType names', async () => {
    const { orchestrator } = await start()
    const described = orchestrator.describeWorkflows()
    const { CUSTOM, ...builtin } = WorkflowType
    expect(Object.keys(described).sort()).toEqual(Object.values(builtin).sort())
    for (const type of Object.values(builtin)) {
      const context = Object.fromEntries((described[type]?.required_context ?? []).map((key) => [key, `The ${key}.`]))
      const run = await orchestrator.executeWorkflow(type, context)
      expect(run).toMatchObject({ workflow_type: type, status: 'succeeded', success: true })
    }
    expect(CUSTOM).toBe('custom')
  })

  it('runs tasks of the caller in the layout of a workflow', async () => {
    const { orchestrator } = await start()
    const run = await orchestrator.executeWorkflow('lab_report', LAB, [
      { task_id: 'own', agent_type: 'Chat', prompt: 'Say {{context.lab_results}}.', max_tokens: 32 },
    ])
    expect(run.aggregated_content).toContain('=== LAB REPORT ===')
    expect(run.results.map(({ task_id }) => task_id)).toEqual(['own'])
  })

  it('resolves with a failed run: its status says so, nothing is thrown', async () => {
    const { orchestrator, simulator } = await start()
    for (const server of simulator.servers.values()) server.setFaults(() => ({ kind: 'status', status: 400 }))
    const run = await orchestrator.executeWorkflow(WorkflowType.LAB_REPORT, LAB)
    expect(run).toMatchObject({ status: 'failed', success: false })
    expect(run.metadata.errors[0]?.code).toBe('upstream_rejected')
  })

  it('rejects with a Problem that has a code, a status and the fields when the request is refused', async () => {
    const { orchestrator, simulator } = await start()
    const missing = await refusalOf(orchestrator.executeWorkflow('lab_report', { patient_info: 'x' }))
    expect(missing).toMatchObject({ code: 'missing_context', status: 400 })
    expect(missing.detail).toContain('lab_results')
    const unknown = await refusalOf(orchestrator.executeWorkflow('lab_raport', LAB))
    expect(unknown.code).toBe('unknown_workflow')
    const invalid = await refusalOf(orchestrator.executeWorkflow('lab_report', LAB, undefined, { priority: 9 }))
    expect(invalid).toMatchObject({ code: 'invalid_request', options: { errors: [{ field: 'priority' }] } })
    expect(simulator.ledger.received).toBe(0)
  })

  it('tells what happens while it happens', async () => {
    const { orchestrator } = await start()
    const events: RunEvent[] = []
    const run = await orchestrator.executeWorkflow('lab_report', LAB, undefined, { onEvent: (e) => events.push(e) })
    const told = events.map(({ event }) => event).filter((event) => event !== 'task.delta')
    expect(told).toEqual(['run.started', 'task.queued', 'task.started', 'task.succeeded'])
    expect(events[0]).toMatchObject({ data: { run_id: run.run_id } })
  })

  it('is not disturbed by a listener that throws', async () => {
    const { orchestrator } = await start()
    const onEvent = () => {
      throw new Error('the listener is broken')
    }
    expect(await orchestrator.executeWorkflow('lab_report', LAB, undefined, { onEvent })).toMatchObject({
      status: 'succeeded',
    })
  })

  it('ends at timeout_ms with what it has', async () => {
    const { orchestrator, server } = await start()
    server('Tiny-LLaMA-1.1B-Chat').setFaults(() => ({ kind: 'hang' }))
    const tasks = [
      { task_id: 'hangs', agent_type: 'Chat', prompt: 'Say hello.' },
      { task_id: 'ends', agent_type: 'Clinical', prompt: 'Say hello.' },
    ]
    const run = await orchestrator.executeWorkflow('custom', {}, tasks, { timeout_ms: 300 })
    expect(run.results.map(({ status }) => status).sort()).toEqual(['cancelled', 'succeeded'])
  })
})

describe('an AbortSignal', () => {
  it('cancels the run and the calls to the model servers with it', async () => {
    const { orchestrator, server } = await start()
    server(CLINICAL).setFaults(() => ({ kind: 'hang' }))
    const stop = new AbortController()
    const run = orchestrator.executeWorkflow('lab_report', LAB, undefined, { signal: stop.signal })
    await server(CLINICAL).ledger.until(({ inFlight }) => inFlight === 1)
    stop.abort()
    expect(await run).toMatchObject({ status: 'cancelled', success: false })
    await server(CLINICAL).ledger.idle()
    expect(server(CLINICAL).ledger.aborted).toBe(1)
    expect(orchestrator.viewRoster().models.map(({ busy }) => busy)).toEqual([0, 0, 0, 0, 0])
  })

  it('that was aborted before cancels before any model is asked', async () => {
    const { orchestrator, simulator } = await start()
    const run = await orchestrator.executeWorkflow('lab_report', LAB, undefined, { signal: AbortSignal.abort() })
    expect(run.status).toBe('cancelled')
    expect(simulator.ledger.received).toBe(0)
  })

  it('that lives long keeps no listener of runs that have ended, however they did', async () => {
    const { orchestrator, server } = await start()
    const { signal } = new AbortController()
    const execute = (context: Record<string, unknown>) =>
      orchestrator.executeWorkflow('lab_report', context, undefined, { signal })
    await Promise.all(Array.from({ length: 20 }, () => execute(LAB)))
    await refusalOf(execute({}))
    server(CLINICAL).setFaults([{ kind: 'status', status: 400 }])
    await execute(LAB)
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })
})

describe('an orchestrator of one’s own', () => {
  const withCardiology = (running: RosterFile): RosterFile => ({
    ...running,
    agents: { ...running.agents, Cardiology: { model: 'BiMediX2-8B', fallbacks: [] } },
  })

  it('has further workflows and further agents beside the built-in ones', async () => {
    const { orchestrator, server } = await start({ workflows: [SECOND_OPINION], roster: withCardiology })
    expect(orchestrator.describeWorkflows().second_opinion).toMatchObject({
      agents: ['Clinical', 'Cardiology'],
      execution: 'sequential',
      required_context: ['patient_case'],
    })
    const run = await orchestrator.executeWorkflow('second_opinion', { patient_case: 'Chest pain.' })
    expect(run.status).toBe('succeeded')
    expect(run.aggregated_content).toMatch(/=== SECOND OPINION ===[\s\S]*--- REVIEW ---/)
    expect(run.results.map(({ model }) => model)).toEqual([CLINICAL, 'BiMediX2-8B'])
    const [review] = server('BiMediX2-8B').ledger.entries
    expect(review?.messages.at(-1)?.content).toContain(run.results[0]?.content)
    const missing = await refusalOf(orchestrator.executeWorkflow('second_opinion', {}))
    expect(missing).toMatchObject({ code: 'missing_context' })
  })

  it('refuses at once workflows and rosters that do not fit together', async () => {
    const { simulator } = await start()
    const { roster } = simulator
    expect(() => createOrchestrator({ roster, workflows: [SECOND_OPINION] })).toThrow(ConfigError)
    const twice = { ...SECOND_OPINION, type: 'lab_report' }
    expect(() => createOrchestrator({ roster: withCardiology(roster), workflows: [twice] })).toThrow(
      'Two workflows are called "lab_report"',
    )
    expect(() => createOrchestrator({ env: { MAX_TASKS: 'many' } })).toThrow('MAX_TASKS')
  })

  it('obeys the settings that it is given, and not the environment of the process', async () => {
    process.env.MAX_TASKS = '1'
    onTestFinished(() => {
      delete process.env.MAX_TASKS
    })
    const two = ['a', 'b'].map((task_id) => ({ task_id, agent_type: 'Chat', prompt: 'x' }))
    const free = await start()
    expect((await free.orchestrator.executeWorkflow('custom', {}, two)).status).toBe('succeeded')
    const bound = await start({ env: { MAX_TASKS: '1' } })
    expect((await refusalOf(bound.orchestrator.executeWorkflow('custom', {}, two))).code).toBe('too_many_tasks')
  })
})

describe('getOrchestrator and executeWorkflow', () => {
  it('share one orchestrator per process, made with the options of the first call', async () => {
    const { roster, close } = await startSimulator()
    const orchestrator = getOrchestrator({ roster })
    onTestFinished(async () => {
      await orchestrator.close()
      await close()
    })
    expect(getOrchestrator()).toBe(orchestrator)
    expect(() => getOrchestrator({ roster })).toThrow('exists already')
    expect(await executeWorkflow('lab_report', LAB)).toMatchObject({ status: 'succeeded' })
  })
})
