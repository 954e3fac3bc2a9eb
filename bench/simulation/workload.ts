import type { CompiledTasks } from '../../src/plan/compile.ts'
import type { PlanTask } from '../../src/plan/plan.ts'
import { Forecast } from '../../src/run/forecast.ts'
import { MIX, tasksOf } from './hospital.ts'
import { logNormal, pick, type Random, shuffled } from './random.ts'
import { type SimRun, withRanks } from './run.ts'

/** Per token, so that clinical texts take 0.8 to 3 s. */
const MS_PER_TOKEN = 3
/** An answer takes about 0.6 of the tokens that it may have, spread log-normally; never more than all of them. */
const MEDIAN_SHARE = 0.6
const SPREAD = 0.3

/** What the service knows beforehand: nothing wrong, averages of each agent, or only how long answers may be. */
export type Foresight = 'exact' | 'averages' | 'none'

/** What one answer takes, in ms. */
export function drawDuration(random: Random, { max_tokens }: Pick<PlanTask, 'max_tokens'>): number {
  return Math.min(max_tokens, max_tokens * logNormal(random, MEDIAN_SHARE, SPREAD)) * MS_PER_TOKEN
}

/** The service's own forecast, after so many answers of this workload that its averages have settled. */
export function learntForecast(random: Random): Forecast {
  const forecast = new Forecast()
  for (let answer = 0; answer < 500; answer++)
    for (const task of tasksOf(pick(random, MIX)).tasks) {
      const took = drawDuration(random, task)
      forecast.learn(task.agent_type, task.planned_model, took, took / MS_PER_TOKEN, true)
    }
  return forecast
}

/** Makes runs of workflows, by what the service knows of them. */
export function createDrawer(random: Random, foresight: Foresight) {
  const forecast = foresight === 'averages' ? learntForecast(random) : new Forecast()
  return (
    { tasks, graph }: Pick<CompiledTasks, 'tasks' | 'graph'>,
    { arrival = 0, tenant = 'hospital', label = 'normal', priority = 0 } = {},
  ): SimRun => {
    const durations = tasks.map((task) => drawDuration(random, task))
    const expected = foresight === 'exact' ? durations : forecast.worksOf(tasks).weights
    return withRanks({
      arrival,
      tenant,
      label,
      graph,
      tasks: tasks.map((task, index) => ({
        lane: task.planned_model,
        priority: Math.max(task.priority, priority),
        duration: durations[index] as number,
        expected: expected[index] as number,
      })),
    })
  }
}

/** How urgent a run of the mix is: its label, and the priority of its request. */
export const URGENT = { label: 'high', priority: 5 } as const

/** `count` runs of the mix at once; 20 % of them urgent. */
export function burst(random: Random, foresight: Foresight, count = 50): SimRun[] {
  const draw = createDrawer(random, foresight)
  const urgent = new Set(shuffled(random, count).slice(0, Math.round(count / 5)))
  return Array.from({ length: count }, (_, index) => draw(tasksOf(pick(random, MIX)), urgent.has(index) ? URGENT : {}))
}

/** The same run with calls that take `times` as long, as the service knows. */
export const slowed = (run: SimRun, times: number): SimRun =>
  withRanks({
    ...run,
    tasks: run.tasks.map((task) => ({
      ...task,
      duration: task.duration * times,
      expected: task.expected * times,
    })),
  })
