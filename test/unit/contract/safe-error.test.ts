import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { safeError } from '../../../src/contract/safe-error.ts'

const CANARY = 'CANARY'

describe('safeError', () => {
  it('says name, code and places of an error and its causes', () => {
    const cause = Object.assign(new TypeError('x'), { code: 'ECONNREFUSED' })
    const safe = safeError(new Error('y', { cause }))
    expect(safe).toMatchObject({ name: 'Error', code: null, cause: { name: 'TypeError', code: 'ECONNREFUSED' } })
    expect(safe.at[0]).toMatch(/safe-error\.test\.ts:\d+:\d+$/)
  })

  it('never says a message, even one that looks like a stack', () => {
    const lines = [`    at ${CANARY} (/home/${CANARY}:1:2)`, `    at /${CANARY}:1:2`, CANARY, '', '\n']
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...lines), { minLength: 1 }), (parts) => {
        const message = parts.join('\n')
        const error = Object.assign(new Error(message, { cause: new Error(message) }), { code: `${CANARY} 1` })
        error.name = `${CANARY} Error`
        expect(JSON.stringify(safeError(error))).not.toContain(CANARY)
      }),
    )
  })

  it('ends with causes in a circle', () => {
    const error = new Error('a')
    error.cause = error
    expect(JSON.stringify(safeError(error)).match(/"name"/g)).toHaveLength(4)
  })

  it.each([CANARY, { message: CANARY }, null, undefined, 7])('says only the type of %s', (thrown) => {
    expect(JSON.stringify(safeError(thrown))).not.toContain(CANARY)
    expect(safeError(thrown).name).toBe(`thrown ${typeof thrown}`)
  })
})
