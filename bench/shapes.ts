import { dischargeSummary } from '../workflows/discharge-summary.ts'

/** The plans that the bench runs, as layers: what the bare route awaits one after the other. */
export interface ShapeTask {
  lane: number
  system: string
  /** `{{context.KEY}}` stands for a value of the context. */
  prompt: string
  uses_output: boolean
}

export interface Shape {
  layers: ShapeTask[][]
}

export type ShapeName = 'discharge' | 'wide64' | 'layered1000'

const system =
  'You are a clinical documentation assistant. Write a concise, headed summary of the data given. Use only what it states.'
const prompt =
  'Summarise the stay under the headings diagnosis, course, medications and follow-up.\n{{context.patient_data}}'

const layer = (width: number, uses_output: boolean): ShapeTask[] =>
  Array.from({ length: width }, (_, lane) => ({ lane: lane % 2, system, prompt, uses_output }))

export const shapes: Record<ShapeName, Shape> = {
  discharge: {
    layers: [
      dischargeSummary.tasks.map((task, lane) => ({
        lane,
        system: task.system,
        prompt: task.prompt,
        uses_output: false,
      })),
    ],
  },
  wide64: { layers: [layer(64, false)] },
  layered1000: { layers: Array.from({ length: 20 }, (_, index) => layer(50, index > 0)) },
}

const AGENTS = ['Clinical', 'Billing']

/** A shape as custom tasks of an execute request; each task of a layer waits for the first of the one before. */
const customTasks = ({ layers }: Shape) =>
  layers.flatMap((tasks, depth) =>
    tasks.map((task, index) => ({
      task_id: `t${depth}-${index}`,
      agent_type: AGENTS[task.lane],
      prompt: task.prompt,
      dependencies: depth === 0 ? [] : [`t${depth - 1}-0`],
      max_tokens: 512,
      temperature: 0.3,
    })),
  )

/** A clinical text of about 2 KB, with what a discharge summary needs. */
const context = {
  patient_data:
    'A 67-year-old woman was admitted with three days of worsening breathlessness and leg swelling. BNP 1240 pg/mL, creatinine 1.4 mg/dL. '.repeat(
      15,
    ),
  admission_date: '2026-03-02',
  discharge_date: '2026-03-06',
}

/** The same work as each subject takes it. */
export function requestBodies(name: ShapeName): { consilium: string; bare: string } {
  const own =
    name === 'discharge'
      ? { workflow_type: 'discharge_summary' }
      : { workflow_type: 'custom', custom_tasks: customTasks(shapes[name]) }
  return {
    consilium: JSON.stringify({ ...own, context }),
    // As large as ours: a bare route would be told its tasks as well.
    bare: JSON.stringify({ shape: name, context, ...(name !== 'discharge' && { tasks: customTasks(shapes[name]) }) }),
  }
}
