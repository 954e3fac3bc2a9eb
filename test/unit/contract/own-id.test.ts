import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { OWN_ID, ownId } from '../../../src/contract/own-id.ts'

const idAt = (at: number): string => ownId(at, randomUUID())

describe('an id of ours', () => {
  it('is a UUID of version 7, and is known as ours', () => {
    for (let n = 0; n < 100; n++) {
      const id = idAt(Date.UTC(2026, 10, 21))
      expect(z.uuidv7().safeParse(id).success).toBe(true)
      expect(id).toMatch(OWN_ID)
    }
  })

  it('begins with its time in ms: later ones are greater as text too', () => {
    expect(idAt(Date.parse('2022-02-22T19:22:22.000Z'))).toMatch(/^017f22e2-79b0-7/)
    const ids = [0, 1, 255, 256, 65_536, 2 ** 32, 1_795_000_000_000, 1_795_000_000_001, 2 ** 48 - 1].map(idAt)
    expect(ids.toSorted()).toEqual(ids)
  })

  it('is never the same twice in one millisecond', () => {
    expect(new Set(Array.from({ length: 1000 }, () => idAt(5))).size).toBe(1000)
  })
})
