import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { calibrationError } from '../../../scripts/classifier/calibration.ts'
import { TASK_TYPES } from '../../../src/contract/task-type.ts'
import { classify } from '../../../src/routing/classify/classify.ts'

// Written by somebody who knew neither the classifier nor the labelled requests. Measured only: nothing is tuned on it.
const lines = readFileSync(join(import.meta.dirname, '../../data/routing/blind.jsonl'), 'utf8').split('\n')
const blind: { text: string; label: string }[] = lines
  .filter((line) => line.trim() !== '')
  .map((line) => JSON.parse(line))

const judged = blind.map(({ text, label }) => {
  const { type, confidence } = classify(text)
  return { label, confidence, right: type === label }
})
const accuracy = (of: readonly { right: boolean }[]) => of.filter(({ right }) => right).length / of.length

describe('on requests that nobody tuned for', () => {
  test('every kind is asked for', () => {
    expect(new Set(judged.map(({ label }) => label))).toEqual(new Set(TASK_TYPES))
  })
  test('at least three of four are named rightly', () => {
    expect(accuracy(judged)).toBeGreaterThanOrEqual(0.75)
  })
  test('confidence is within 0.1 of being right, on average over ten bins', () => {
    expect(calibrationError(judged)).toBeLessThanOrEqual(0.1)
  })
})
