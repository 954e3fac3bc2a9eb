import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { failure } from '../../../src/models/failure.ts'
import { learn, patienceOf } from '../../../src/models/lesson.ts'

describe('the patience after which a timeout counts', () => {
  it.each([
    ['a second while nothing is known', null, 1000],
    ['twice the usual time of a quick server', 100, 200],
    ['a second for one of middling speed', 700, 1000],
    ['the usual time of a slow one', 12_000, 12_000],
  ])('is %s', (_, usual_ms, patience_ms) => {
    expect(patienceOf(usual_ms)).toBe(patience_ms)
  })

  it('is never less than what the server usually takes', () => {
    fc.assert(fc.property(fc.double({ min: 0, max: 1e6, noNaN: true }), (usual) => patienceOf(usual) >= usual))
  })
})

describe('a timeout', () => {
  it('says nothing about a slow server that a hurried caller gave less than its usual time', () => {
    expect(learn(failure('upstream_timeout', 1500), patienceOf(12_000))).toEqual({ failed: null, reachable: null })
    expect(learn(failure('upstream_timeout', 12_000), patienceOf(12_000))).toEqual({ failed: true, reachable: false })
  })
})
