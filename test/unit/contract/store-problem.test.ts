import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { safeError } from '../../../src/contract/safe-error.ts'
import { storeProblem } from '../../../src/contract/store-problem.ts'
import { STORE_FAULTS, StoreError, type StoreFault } from '../../../src/errors.ts'
import { describeError } from '../../../src/plugins/problem/describe.ts'

const CANARY = 'JANE-ROE'
const failed = (fault: StoreFault) => new StoreError(fault, CANARY, { cause: new Error(CANARY) })

describe('a store that failed', () => {
  test.each(['unavailable', 'busy', 'full', 'key_missing'] as const)('%s is 503 with a time to try again', (fault) => {
    const problem = describeError(failed(fault), undefined)
    expect(problem).toMatchObject({ code: 'not_ready', status: 503 })
    expect(problem?.options.retryAfterS).toBeGreaterThan(0)
  })

  test.each(['bad_cursor', 'unstorable'] as const)('%s is the caller’s 400', (fault) => {
    expect(describeError(failed(fault), undefined)).toMatchObject({ code: 'invalid_request', status: 400 })
  })

  test('a cursor that no list gave out is named as a field', () => {
    expect(describeError(failed('bad_cursor'), undefined)?.options.errors).toMatchObject([{ field: 'cursor' }])
  })

  test('corrupt is a fault of the service', () => {
    expect(describeError(failed('corrupt'), undefined)).toBeNull()
  })

  test.each(STORE_FAULTS)('%s: neither answer nor log repeats words of the error; the log names the fault', (fault) => {
    expect(inspect(storeProblem(failed(fault)), { depth: 5 })).not.toContain(CANARY)
    const logged = safeError(failed(fault))
    expect(JSON.stringify(logged)).not.toContain(CANARY)
    expect(logged).toMatchObject({ name: 'StoreError', code: fault })
  })
})
