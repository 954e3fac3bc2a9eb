/** The plans that the bench runs, as layers: what the bare route awaits one after the other. */
export interface ShapeTask {
  lane: number
  system: string
  prompt: string
  uses_output: boolean
}

export interface Shape {
  layers: ShapeTask[][]
}

const system = 'You are a clinical documentation assistant. Write a concise, headed summary of the data given. Use only what it states.'
const prompt = 'Summarise the stay under the headings diagnosis, course, medications and follow-up.'

const layer = (width: number, uses_output: boolean): ShapeTask[] =>
  Array.from({ length: width }, (_, lane) => ({ lane, system, prompt, uses_output }))

export const shapes = {
  discharge: { layers: [layer(2, false)] },
  wide64: { layers: [layer(64, false)] },
  layered1000: { layers: Array.from({ length: 20 }, (_, index) => layer(50, index > 0)) },
} satisfies Record<string, Shape>

/** The same shape as custom tasks of an execute request; each task of a layer waits for the first of the one before. */
export function customTasks({ layers }: Shape, agents: readonly string[]) {
  return layers.flatMap((tasks, depth) =>
    tasks.map((task, index) => ({
      task_id: `t${depth}-${index}`,
      agent_type: agents[task.lane % agents.length],
      prompt: `${task.prompt}\n{{context.patient_data}}`,
      dependencies: depth === 0 ? [] : [`t${depth - 1}-0`],
      max_tokens: 512,
      temperature: 0.3,
    })),
  )
}

/** A clinical text of about 2 KB. */
export const patient_data = 'A 67-year-old woman was admitted with three days of worsening breathlessness and leg swelling. BNP 1240 pg/mL, creatinine 1.4 mg/dL. '.repeat(15)
