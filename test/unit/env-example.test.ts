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
/** Told by their names: of a secret that is added, an example that works must not go unnoticed. */
const SECRETS = Object.keys(EnvSchema.shape).filter(
  (name) => /SECRET|_KEY$|_OLD_KEYS$/.test(name) && !/PUBLIC/.test(name),
)

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
  test.each(examples.filter(([name]) => !SECRETS.includes(name)))(
    'gives an example of %s that is accepted',
    (name, value) => {
      expect(EnvSchema.shape[name as keyof typeof EnvSchema.shape].safeParse(value).success).toBe(true)
    },
  )
  test.each(SECRETS)('offers no %s that somebody could leave in place', (name) => {
    const example = Object.fromEntries(examples)[name]
    expect(example).toBeDefined()
    expect(EnvSchema.shape[name as keyof typeof EnvSchema.shape].safeParse(example).success).toBe(false)
  })
})
