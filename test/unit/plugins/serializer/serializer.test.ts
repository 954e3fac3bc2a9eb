import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ExecuteResponse } from '../../../../src/contract/result.ts'
import { RosterView } from '../../../../src/contract/roster.ts'
import { responseSchema } from '../../../../src/plugins/serializer/json-schema.ts'
import { fieldPath } from '../../../../src/plugins/serializer/validate.ts'
import { serializerFor } from '../../../../src/plugins/serializer.ts'

const shape = z.object({
  text: z.string(),
  maybe: z.string().nullable(),
  inner: z.object({ count: z.int().nullable(), list: z.array(z.string()) }).nullable(),
  any: z.unknown(),
  byName: z.record(z.string(), z.number()),
})

describe('a response', () => {
  it('is written as JSON.stringify writes it, whatever text it holds', () => {
    const text = fc.string({ unit: 'binary' })
    const value = fc.record({
      text,
      maybe: fc.option(text),
      inner: fc.option(fc.record({ count: fc.option(fc.integer()), list: fc.array(text) })),
      any: fc.jsonValue({ stringUnit: 'binary' }),
      byName: fc.dictionary(fc.string(), fc.integer()),
    })
    fc.assert(
      fc.property(
        value,
        (given) => void expect(JSON.parse(serializerFor(shape)(given))).toEqual(JSON.parse(JSON.stringify(given))),
      ),
    )
  })

  it('holds only what its schema names, at every depth', () => {
    const given = { text: 'a', maybe: null, inner: { count: 1, list: [], secret: 2 }, any: 0, byName: {}, secret: 3 }
    expect(serializerFor(shape)(given)).not.toContain('secret')
  })

  it('that lacks a required field is not sent', () => {
    expect(() => serializerFor(shape)({ text: 'a' })).toThrow(/required/)
  })

  it('leaves out an optional field that is absent', () => {
    expect(serializerFor(z.object({ a: z.string().optional() }))({})).toBe('{}')
  })

  it('shares the compiled form of a schema among its routes', () => {
    expect(serializerFor(shape)).toBe(serializerFor(shape))
  })
})

describe('the schemas of the contract', () => {
  it.each([
    ['ExecuteResponse', ExecuteResponse],
    ['RosterView', RosterView],
  ])('%s is written without running a validator', (_name, schema) => {
    expect(JSON.stringify(responseSchema(schema))).not.toMatch(/"(anyOf|oneOf|allOf)"/)
  })
})

describe('the path of a field', () => {
  it('reads as a caller would write it', () => {
    expect(fieldPath(['custom_tasks', 3, 'priority'], 'body')).toBe('custom_tasks[3].priority')
    expect(fieldPath([], 'body')).toBe('body')
  })

  it('does not repeat a key that may be a value', () => {
    expect(fieldPath(['context', 'Jane Doe, 1961'], 'body')).toBe('context.*')
  })
})
