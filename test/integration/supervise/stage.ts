import type { OrchestratorScript } from '../../../simulator/orchestrator.ts'
import type { RosterFile } from '../../../src/contract/roster.ts'
import type { SuperviseInput, SuperviseResponse } from '../../../src/contract/supervise.ts'
import { builtinRoster } from '../../../src/models/builtin-roster.ts'
import { authorization, type ServiceOptions, startService, type TestService } from '../../helpers/service.ts'

export const ORCHESTRATOR = 'Orchestrator-8B'
export const SMALL = 'local-small'
export const LARGE = 'local-large'
export const CLOUD = 'cloud-large'

const at = 'http://127.0.0.1:1/v1'
const local = { url: at, gpu: 0, slots: 4, context_window: 32_768 }

/** Every agent of the built-in workflows on one model. */
export const agentsOn = (model: string): RosterFile['agents'] =>
  Object.fromEntries(Object.keys(builtinRoster.agents).map((agent) => [agent, { model, fallbacks: [] }]))

/** An orchestrator model, two models of the house, and one outside of it that costs money. */
export const ROSTER: RosterFile = {
  gpus: [{ id: 0 }],
  models: [
    { id: ORCHESTRATOR, ...local, tier: 'LOCAL_LARGE', quality: 9.9 },
    { id: SMALL, ...local, tier: 'LOCAL_SMALL', quality: 6, speed: 9 },
    { id: LARGE, ...local, tier: 'LOCAL_LARGE', quality: 8, speed: 6, strengths: ['REASONING', 'careful'] },
    { id: CLOUD, ...local, tier: 'CLOUD_LARGE', quality: 9.5, speed: 7, price: { input: 1.25, output: 10 } },
  ],
  agents: agentsOn(SMALL),
}

export interface StageOptions extends ServiceOptions {
  script?: OrchestratorScript
}

export interface Stage extends TestService {
  supervise: (body: Partial<SuperviseInput>) => ReturnType<TestService['execute']>
  /** Of a task that must be answered 200. */
  answer: (body?: Partial<SuperviseInput>) => Promise<SuperviseResponse>
  /** How often the router had to choose, by reason. */
  fallbacks: () => Promise<Record<string, number>>
}

export const TASK = 'Which of the two results is more plausible, and why?'

/** The whole service on scripted model servers: an expert answers with its name. */
export async function startStage({ script, env, simulator, ...options }: StageOptions = {}): Promise<Stage> {
  const service = await startService({
    ...options,
    simulator: {
      roster: ROSTER,
      reply: ({ model }) => `Text of ${model}.`,
      ...(script && { orchestrators: { [ORCHESTRATOR]: script } }),
      ...simulator,
    },
    env: {
      ORCHESTRATOR_MODEL: ORCHESTRATOR,
      MODEL_API_KEYS: JSON.stringify({ [CLOUD]: 'a-key' }),
      ALLOWED_MODEL_HOSTS: '127.0.0.1',
      ...env,
    },
  })
  const supervise = (body: Partial<SuperviseInput>) =>
    service.app.inject({
      method: 'POST',
      url: '/v1/supervise',
      headers: authorization(),
      payload: { task: TASK, ...body },
    })
  return {
    ...service,
    supervise,
    answer: async (body = {}) => {
      const response = await supervise(body)
      if (response.statusCode !== 200) throw new Error(`status ${response.statusCode}: ${response.body}`)
      return response.json()
    },
    fallbacks: async () => {
      const { text } = await service.app.service.scrape()
      const counts = text.matchAll(/^consilium_routing_fallbacks_total\{reason="(\w+)"\} ([1-9]\d*)$/gm)
      return Object.fromEntries([...counts].map(([, reason, count]) => [reason, Number(count)]))
    },
  }
}

/** What came to a scripted server, the user's message of each request. */
export const asked = ({ server }: Stage, model: string): string[] =>
  server(model).ledger.entries.map(({ messages }) => messages.at(-1)?.content ?? '')

export const steps = ({ trace }: SuperviseResponse) =>
  trace.map(({ turn, step, tool, model, outcome }) => [turn, step, tool, model, outcome])
