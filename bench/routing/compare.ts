import type { Prefer } from '../../src/contract/routing.ts'
import { classify } from '../../src/routing/classify/classify.ts'
import { classifyHeldOut } from './held-out.ts'
import { CLOUD_LARGE, mixedRoster, RENTED_GPU } from './roster.ts'
import { inHindsight, routed, type Setting, seenBy, type Tally, tally } from './strategies.ts'
import { labelledTasks } from './tasks.ts'

export interface Line extends Tally {
  name: string
  /** Cost over that of the large cloud model for everything. */
  ratio: number
}

export interface Table {
  title: string
  lines: Line[]
}

/** The line that the bound of the cost is for. */
export const PREFER_COST = 'routed, prefer cost'

const PREFERS: readonly Prefer[] = ['balanced', 'cost', 'quality', 'speed']

/** With routing, always the large cloud model, and in hindsight, over the labelled set; each table another setting. */
export function compareRouting(): Table[] {
  const tasks = labelledTasks()
  const heldOut = classifyHeldOut(tasks)
  const shipped = new Map(tasks.map(({ id, text }) => [id, classify(text)]))
  const right = (said: Setting['said']): string =>
    (tasks.filter(({ id, label }) => said.get(id)?.type === label).length / tasks.length).toFixed(3)

  const tableOf = (title: string, setting: Omit<Setting, 'prefer'>): Table => {
    const { cards, egress } = setting
    const seen = seenBy(setting)
    const large = cards.find(({ id }) => id === CLOUD_LARGE) ?? null
    const always = tally(tasks, () => large)
    const by = (more: Pick<Setting, 'prefer' | 'prefer_local'>) => tally(tasks, routed({ ...setting, ...more }), seen)
    const lines = [
      ...PREFERS.map((prefer) => ({ name: `routed, prefer ${prefer}`, ...by({ prefer }) })),
      { name: 'routed, balanced, local', ...by({ prefer: 'balanced', prefer_local: true }) },
      { name: 'always cloud-large', ...always },
      { name: 'best in hindsight', ...tally(tasks, inHindsight(cards, egress)) },
    ]
    return { title, lines: lines.map((line) => ({ ...line, ratio: line.cost / always.cost })) }
  }
  const free = mixedRoster()
  const common = { cards: free, said: heldOut, egress: true, field_said: true }
  const top = `${tasks.length} tasks, classifier trained on other hands (right: ${right(heldOut)})`
  return [
    tableOf(`egress allowed, field said; ${top}`, common),
    tableOf('the same, the caller says no field', { ...common, field_said: false }),
    tableOf(`the same as the first, by the shipped weights, which know these tasks (right: ${right(shipped)})`, {
      ...common,
      said: shipped,
    }),
    tableOf('the same as the first, patient data stay in the hospital', { ...common, egress: false }),
    tableOf('the same as the first, local models on a rented GPU', { ...common, cards: mixedRoster(RENTED_GPU) }),
  ]
}

const cell = (value: string, width: number): string => value.padStart(width)

/** A table as lines of text. */
export const tableLines = ({ title, lines }: Table): string[] => [
  `${title}:`,
  `  ${'strategy'.padEnd(24)} ${cell('cost $', 8)} ${cell('ratio', 6)} ${cell('quality*', 8)} ${cell('local', 6)} ${cell('unserved', 8)}  models`,
  ...lines.map((line) => {
    const models = [...line.by_model].sort(([, a], [, b]) => b - a).map(([id, count]) => `${id} ${count}`)
    return (
      `  ${line.name.padEnd(24)} ${cell(line.cost.toFixed(3), 8)} ${cell(line.ratio.toFixed(3), 6)} ` +
      `${cell(line.quality.toFixed(3), 8)} ${cell(line.local.toFixed(2), 6)} ${cell(String(line.unserved_local), 8)}  ${models.join(', ')}`
    )
  }),
]

if (import.meta.main) {
  for (const table of compareRouting()) console.log(`${tableLines(table).join('\n')}\n`)
  console.log('* a proxy made of cards: quality / 10 × fit for the true label; no answer was judged')
}
