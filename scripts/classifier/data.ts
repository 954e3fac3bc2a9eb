import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { TaskType } from '../../src/contract/task-type.ts'
import { FEATURES, featuresOf } from '../../src/routing/classify/features.ts'

const ROOT = join(import.meta.dirname, '../..')
const DATA = join(ROOT, 'test/data/routing')

const Line = z.object({ id: z.string(), text: z.string(), label: TaskType, lang: z.string(), clinical: z.boolean() })

export interface Example {
  hand: string
  id: string
  text: string
  label: TaskType
  lang: string
}

/** The labelled files' names, in order. The blind file is not one of them. */
export const labelledFiles = (): string[] =>
  readdirSync(DATA)
    .filter((name) => /^labelled-[a-z]\.jsonl$/.test(name))
    .sort()

/** All labelled requests, each with its hand: the letter of its file. */
export const examples = (): Example[] =>
  labelledFiles().flatMap((name) =>
    readFileSync(join(DATA, name), 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => {
        const { id, text, label, lang } = Line.parse(JSON.parse(line))
        return { hand: name.slice('labelled-'.length, -'.jsonl'.length), id, text, label, lang }
      }),
  )

/** SHA-256 of the labelled files, and of the features that their texts have: what weights are made from. */
export function sources(): { data: string; features: string } {
  const data = createHash('sha256')
  for (const name of labelledFiles()) data.update(readFileSync(join(DATA, name))).update('\0')
  const features = createHash('sha256').update(`${FEATURES}`)
  for (const { text } of examples()) {
    const { index, value, count } = featuresOf(text)
    features.update(index.subarray(0, count)).update(value.subarray(0, count))
  }
  return { data: data.digest('hex'), features: features.digest('hex') }
}
