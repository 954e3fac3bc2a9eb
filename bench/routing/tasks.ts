import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { Domain } from '../../src/contract/model-card.ts'
import { TaskType } from '../../src/contract/task-type.ts'
import { usualPromptTokens } from '../../src/routing/cost.ts'

const DATA = join(import.meta.dirname, '../../test/data/routing')

const Line = z.object({ id: z.string(), text: z.string(), label: TaskType, clinical: z.boolean() })

/**
 * How many tokens an answer has, by what was asked: an assumption of this bench, the same for every strategy. Nobody
 * measured it.
 */
export const USUAL_ANSWER: Readonly<Record<TaskType, number>> = {
  SIMPLE: 60,
  WRITING: 350,
  CREATIVE: 350,
  EXPLORATION: 400,
  ANALYSIS: 400,
  CODING: 450,
  REASONING: 450,
  RESEARCH: 500,
}

/** One labelled request, with what is true of it whatever a classifier says. */
export interface LabelledTask {
  id: string
  /** The letter of its file. */
  hand: string
  text: string
  label: TaskType
  clinical: boolean
  /** The field that it belongs to; null: to none. */
  domain: Domain | null
  prompt_tokens: number
  answer_tokens: number
}

const domainOf = (label: TaskType, clinical: boolean): Domain | null => {
  if (label === 'CODING') return 'code'
  return clinical ? 'clinical' : null
}

/** All labelled requests. The blind file is not one of them. */
export const labelledTasks = (): LabelledTask[] =>
  readdirSync(DATA)
    .filter((name) => /^labelled-[a-z]\.jsonl$/.test(name))
    .sort()
    .flatMap((name) =>
      readFileSync(join(DATA, name), 'utf8')
        .split('\n')
        .filter((line) => line.trim() !== '')
        .map((line) => {
          const task = Line.parse(JSON.parse(line))
          return {
            ...task,
            hand: name.slice('labelled-'.length, -'.jsonl'.length),
            domain: domainOf(task.label, task.clinical),
            prompt_tokens: usualPromptTokens(Buffer.byteLength(task.text)),
            answer_tokens: USUAL_ANSWER[task.label],
          }
        }),
    )
