import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createCipher, keyId } from '../../../src/store/cipher.ts'

const [first, second] = [randomBytes(32), randomBytes(32)]
const oldCipher = createCipher({ current: first, old: [] })
const newCipher = createCipher({ current: second, old: [first] })

test('opens what it sealed, any text, never the same bytes twice', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const sealed = oldCipher.seal('here', text)
      expect(oldCipher.open('here', sealed)).toBe(text)
      expect(Buffer.compare(sealed, oldCipher.seal('here', text))).not.toBe(0)
    }),
  )
})

test('after a rotation reads what the old key sealed, seals with the new one, and knows both by id', () => {
  expect(newCipher.open('here', oldCipher.seal('here', 'text'))).toBe('text')
  const sealed = Buffer.from(newCipher.seal('here', 'text'))
  expect(sealed.toString('hex', 1, 9)).toBe(keyId(second))
  expect(() => oldCipher.open('here', sealed)).toThrow(expect.objectContaining({ fault: 'key_missing' }))
})

test('reads what was written before there was a key; without one it refuses what is sealed', () => {
  const none = createCipher(null)
  expect(newCipher.open('here', none.seal('here', 'Ä text'))).toBe('Ä text')
  expect(() => none.open('here', newCipher.seal('here', 'text'))).toThrow(
    expect.objectContaining({ fault: 'key_missing', message: expect.stringContaining(keyId(second)) }),
  )
})

test('refuses bytes that were moved to another place, changed or cut', () => {
  const sealed = oldCipher.seal('here', 'text of some length')
  expect(() => oldCipher.open('there', sealed)).toThrow(expect.objectContaining({ fault: 'corrupt' }))
  for (let at = 0; at < sealed.length; at++) {
    const changed = Buffer.from(sealed)
    changed[at] = (changed[at] as number) ^ 0x80
    expect(() => oldCipher.open('here', changed)).toThrow(expect.objectContaining({ name: 'StoreError' }))
    expect(() => oldCipher.open('here', sealed.subarray(0, at))).toThrow(
      expect.objectContaining({ name: 'StoreError' }),
    )
  }
})
