import type { TaskType } from '../../contract/task-type.ts'
import { routingOf, type TrainingLine } from './line.ts'

/** How a model did with one type of task. */
export interface Standing {
  model: string
  /** Decisions that ended, well or not. */
  count: number
  succeeded: number
  /** Lower end of the 95 % Wilson interval of the share that succeeded: few decisions prove little. */
  proven: number
  /** Mean of those that are known, US dollars; 0 when none is. */
  cost: number
  latency_ms: number
}

const Z = 1.96

/** https://en.wikipedia.org/wiki/Binomial_proportion_confidence_interval#Wilson_score_interval */
function wilsonLower(succeeded: number, count: number): number {
  const share = succeeded / count
  const spread = Z * Math.sqrt((share * (1 - share)) / count + Z ** 2 / (4 * count ** 2))
  return (share + Z ** 2 / (2 * count) - spread) / (1 + Z ** 2 / count)
}

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length

function standingOf(model: string, lines: readonly TrainingLine[]): Standing {
  const succeeded = lines.filter(({ outcome }) => outcome === 'succeeded').length
  return {
    model,
    count: lines.length,
    succeeded,
    proven: wilsonLower(succeeded, lines.length),
    cost: mean(lines.flatMap((line) => routingOf(line).cost ?? [])),
    latency_ms: mean(lines.map(({ latency_ms }) => latency_ms)),
  }
}

const byMerit = (a: Standing, b: Standing): number =>
  b.proven - a.proven || a.cost - b.cost || a.latency_ms - b.latency_ms || (a.model < b.model ? -1 : 1)

/** The models of each type of task, the best proven first; where equally proven the cheaper, then the faster. */
export function standings(lines: readonly TrainingLine[]): Map<TaskType, Standing[]> {
  const byType = Map.groupBy(lines, ({ task_type }) => task_type)
  return new Map(
    [...byType].map(([type, own]) => [
      type,
      [...Map.groupBy(own, (line) => routingOf(line).model)]
        .map(([model, its]) => standingOf(model, its))
        .sort(byMerit),
    ]),
  )
}
