import type { CompiledTasks } from '../../src/plan/compile.ts'
import { buildGraph } from '../../src/plan/graph.ts'
import { MIX, tasksOf } from './hospital.ts'
import { createRandom, exponential, pick, type Random } from './random.ts'
import type { SimRun } from './run.ts'
import type { Site } from './simulate.ts'
import { createDrawer, drawDuration, URGENT } from './workload.ts'

/** Mean gap between runs of the mix in ms, so that the busiest lane of the site is asked for `load` of what it can do. */
export function gapFor(load: number, { lanes }: Site): number {
  const random = createRandom(1)
  const work = new Map<string, number>()
  const count = 5000
  for (let drawn = 0; drawn < count; drawn++)
    for (const task of tasksOf(pick(random, MIX)).tasks)
      work.set(task.planned_model, (work.get(task.planned_model) ?? 0) + drawDuration(random, task) / count)
  return Math.max(...lanes.map(({ model, slots }) => (work.get(model) ?? 0) / slots)) / load
}

export interface Stream {
  /** Mean gap between its runs in ms; they come as a Poisson process. */
  gap: number
  /** It ends then. */
  until: number
  tenant?: string
  label?: string
  priority?: number
  /** Share of runs that are urgent. */
  urgent?: number
}

/** Runs of the mix as they come in from all streams, in the order of their arrival. */
export function openLoop(random: Random, streams: readonly Stream[]): SimRun[] {
  const draw = createDrawer(random, 'averages')
  const runs = streams.flatMap(({ gap, until, urgent = 0, ...own }) => {
    const made: SimRun[] = []
    for (let arrival = exponential(random, gap); arrival < until; arrival += exponential(random, gap)) {
      const more = random() < urgent ? URGENT : {}
      made.push(draw(tasksOf(pick(random, MIX)), { ...own, ...more, arrival }))
    }
    return made
  })
  return runs.toSorted((a, b) => a.arrival - b.arrival)
}

/** One run of `count` clinical tasks that need nothing of each other. */
export function wideRun(random: Random, count: number, arrival: number): SimRun {
  const [task] = tasksOf('lab_report').tasks as CompiledTasks['tasks'] & [CompiledTasks['tasks'][number]]
  const tasks = Array.from({ length: count }, (_, index) => ({ ...task, index, task_id: `t${index}` }))
  const { graph } = buildGraph(tasks)
  if (graph === null) throw new Error('A run without dependencies has no cycle')
  return createDrawer(random, 'averages')({ tasks, graph }, { arrival, label: 'wide' })
}
