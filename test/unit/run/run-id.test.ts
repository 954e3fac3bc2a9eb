import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { newRunId } from '../../../src/run/run-id.ts'

describe('the id of a run', () => {
  it('is a UUID of version 7', () => {
    for (let n = 0; n < 100; n++) expect(z.uuidv7().safeParse(newRunId()).success).toBe(true)
  })

  it('begins with its time in ms: later ones are greater as text too', () => {
    expect(newRunId(Date.parse('2022-02-22T19:22:22.000Z'))).toMatch(/^017f22e2-79b0-7/)
    const ids = [0, 1, 255, 256, 1_795_000_000_000, 1_795_000_000_001].map((now) => newRunId(now))
    expect(ids.toSorted()).toEqual(ids)
  })

  it('is never the same twice in one millisecond', () => {
    expect(new Set(Array.from({ length: 1000 }, () => newRunId(5))).size).toBe(1000)
  })
})
