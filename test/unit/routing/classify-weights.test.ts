import { expect, test } from 'vitest'
import { examples, sources } from '../../../scripts/classifier/data.ts'
import { TASK_TYPES } from '../../../src/contract/task-type.ts'
import { classify } from '../../../src/routing/classify/classify.ts'
import { unpack } from '../../../src/routing/classify/model.ts'
import weights from '../../../src/routing/classify/weights.json' with { type: 'json' }

// If it fails: node scripts/train-classifier.ts
test('the weights were made from these labelled requests and these features', () => {
  expect(weights.sources).toEqual(sources())
})

test('the weights fit in 600 kB', () => {
  expect(JSON.stringify(weights).length).toBeLessThan(600_000)
})

test('weights for other features are refused', () => {
  const shorter = Buffer.from(weights.weights, 'base64').subarray(8).toString('base64')
  expect(() => unpack({ ...weights, weights: shorter })).toThrow(
    /Cannot use weights.json.*node scripts\/train-classifier/,
  )
})

test('the labelled requests: every kind is there, no id twice, no text under two labels', () => {
  const all = examples()
  expect(new Set(all.map(({ label }) => label))).toEqual(new Set(TASK_TYPES))
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
  const labelled = new Set(all.map(({ text, label }) => `${label} ${text}`))
  expect(new Set(all.map(({ text }) => text)).size).toBe(labelled.size)
})

test('what was learned is still known', () => {
  const all = examples()
  const right = all.filter(({ text, label }) => classify(text).type === label)
  expect(right.length / all.length).toBeGreaterThan(0.95)
})
