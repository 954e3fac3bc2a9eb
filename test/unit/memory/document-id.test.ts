import { expect, test } from 'vitest'
import { newDocumentId } from '../../../src/memory/document-id.ts'

test('an id is a UUID of version 7 that begins with its time, and no two are the same', () => {
  const at = Date.UTC(2026, 10, 21)
  const ids = Array.from({ length: 1000 }, () => newDocumentId(at))
  expect(new Set(ids).size).toBe(1000)
  for (const id of ids) {
    expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
    expect(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(at)
  }
})

test('ids are in the order of their times', () => {
  const times = [0, 1, 255, 256, 65_535, 65_536, 2 ** 32, Date.UTC(2026, 0), Date.UTC(2026, 0) + 1, 2 ** 48 - 1]
  const ids = times.map(newDocumentId)
  expect([...ids].sort()).toEqual(ids)
})
