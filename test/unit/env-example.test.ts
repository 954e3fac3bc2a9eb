import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { EnvSchema, parseConfig } from '../../src/config.ts'

const lines = readFileSync(join(import.meta.dirname, '../../.env.example'), 'utf8').split('\n')
const settings = (pattern: RegExp): [string, string][] =>
  lines.flatMap((line) => {
    const match = pattern.exec(line)
    return match ? [[match[1] as string, match[2] as string] as [string, string]] : []
  })
const given = settings(/^([A-Z][A-Z0-9_]*)=(.*)$/)
const examples = settings(/^# ([A-Z][A-Z0-9_]*)=(.*)$/)

const defaults = Object.entries(EnvSchema.shape).flatMap(([name, schema]): [string, string][] => {
  const value = schema.parse(undefined)
  return value === undefined ? [] : [[name, String(value)]]
})

describe('.env.example', () => {
  test('names every variable that the service reads, once, and no other', () => {
    const names = [...given, ...examples].map(([name]) => name)
    expect(names.sort()).toEqual(Object.keys(EnvSchema.shape).sort())
  })
  test('shows the default of every variable that has one', () => {
    expect(given.sort()).toEqual(defaults.sort())
  })
  test('copied as it is, changes nothing', () => {
    expect(parseConfig(Object.fromEntries(given))).toEqual(parseConfig({}))
  })
  test('explains each variable in the line above', () => {
    const unexplained = lines.filter(
      (line, at) => /^(# )?[A-Z][A-Z0-9_]*=/.test(line) && !/^# [A-Za-z0-9].*[.:]/.test(lines[at - 1] ?? ''),
    )
    expect(unexplained).toEqual([])
  })
  test.each(examples.filter(([name]) => name !== 'JWT_SECRET'))(
    'gives an example of %s that is accepted',
    (name, value) => {
      expect(EnvSchema.shape[name as keyof typeof EnvSchema.shape].safeParse(value).success).toBe(true)
    },
  )
  test('offers no secret that somebody could leave in place', () => {
    const secret = Object.fromEntries(examples).JWT_SECRET
    expect(secret).toBeDefined()
    expect(EnvSchema.shape.JWT_SECRET.safeParse(secret).success).toBe(false)
  })
})
