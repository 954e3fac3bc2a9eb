import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { buildApp } from '../../src/app.ts'
import { EnvSchema, parseConfig } from '../../src/config.ts'
import { ExecuteRequest } from '../../src/contract/execute.ts'
import { MODEL_TIERS } from '../../src/contract/model-card.ts'
import { buildCore } from '../../src/core.ts'
import { PROBLEMS, TASK_ERRORS } from '../../src/errors.ts'
import * as library from '../../src/library.ts'
import { createLogger } from '../../src/telemetry/log.ts'
import { workflows } from '../../workflows/index.ts'

const ROOT = join(import.meta.dirname, '../..')
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8')
const files = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...globSync('docs/**/*.md', { cwd: ROOT }).sort()]
const scripts = Object.keys(JSON.parse(read('package.json')).scripts)
const README = read('README.md')
const OPERATIONS = read('docs/operations.md')

/** Every match of a pattern's first group in a text, once. */
const found = (text: string, pattern: RegExp): string[] => [
  ...new Set([...text.matchAll(pattern)].map((match) => match[1] as string)),
]
/** The fenced blocks of a language. */
const blocks = (text: string, language: string): string[] =>
  found(text, new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))
/** The rows of all tables of a text as cells. */
const rows = (text: string): string[][] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
/** The table rows of one `## ` section. */
const rowsUnder = (text: string, heading: string): string[][] =>
  rows(text.split(/^## /m).find((section) => section.startsWith(`${heading}\n`)) ?? '').slice(1)
const anchorsOf = (text: string): string[] =>
  found(text, /^#+ (.*)$/gm).map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s-]/gu, '')
      .replaceAll(' ', '-'),
  )

describe.each(files)('%s', (file) => {
  const text = read(file)

  test('has no dead link', () => {
    const dead = found(text, /\]\(([^)\s]+)\)/g).filter((link) => {
      if (/^https?:/.test(link)) return false
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? file : join(dirname(file), path)
      return !existsSync(join(ROOT, target)) || (anchor !== undefined && !anchorsOf(read(target)).includes(anchor))
    })
    expect(dead).toEqual([])
  })

  test('names only files that exist', () => {
    const named = found(
      text,
      /`((?:src|routes|workflows|simulator|test|bench|deploy|docs|scripts|\.ci)\/[\w./-]*|\.env\.example)`/g,
    )
    expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
  })

  test('names only npm scripts that exist', () => {
    const named = [...found(text, /npm run (?:--silent )?([a-z][\w:-]*)/g), ...found(text, /npm (test|start)\b/g)]
    expect(named.filter((name) => !scripts.includes(name))).toEqual([])
  })

  test('names only environment variables that something reads', () => {
    const readers = [
      'simulator/settings.ts',
      'src/cli.ts',
      'bench/main.ts',
      'bench/postgres.ts',
      'test/chaos/main.ts',
      'test/chaos/settings.ts',
      'test/chaos/soak.ts',
      'docker-compose.yml',
      '.ci/run',
    ]
    const theirs = readers.flatMap((reader) => found(read(reader), /(?:env\.|env, '|\$\{)([A-Z][A-Z0-9_]*)/g))
    // Of the model servers; they stand in the README's section about them.
    const foreign = ['OLLAMA_NUM_PARALLEL', 'OLLAMA_CONTEXT_LENGTH']
    const known = new Set([...Object.keys(EnvSchema.shape), ...theirs, ...foreign, ...MODEL_TIERS])
    const named = found(text, /(?<![.\w])([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?!\w)/g)
    expect(named.filter((name) => !known.has(name))).toEqual([])
  })
})

describe('the README', () => {
  test('lists every command', () => {
    const listed = rowsUnder(README, 'The commands').map(([command]) => command)
    const missing = scripts.filter(
      (name) => name !== 'prepare' && !listed.some((cell) => new RegExp(`npm (run )?${name}\\b`).test(cell ?? '')),
    )
    expect(missing).toEqual([])
  })

  test('is short enough to be read', () => {
    expect(README.split('\n').length).toBeLessThanOrEqual(350)
  })

  const rosters = blocks(README, 'json').filter((block) => block.includes('"gpus"'))
  test('shows rosters', () => {
    expect(rosters.length).toBeGreaterThanOrEqual(2)
  })
  test.each(rosters.map((roster, index) => [index + 1, roster] as const))(
    'shows rosters with which the service starts: the %i.',
    async (_, roster) => {
      const config = parseConfig({ MODELS_FILE: 'README' }, () => roster)
      const core = buildCore(config, workflows, createLogger('silent'))
      await core.close()
      expect(core.roster.models.size).toBeGreaterThan(0)
    },
  )

  test('shows a request with custom tasks that the service accepts', () => {
    const [request] = blocks(README, 'json').filter((block) => block.includes('"custom_tasks": ['))
    expect(ExecuteRequest.safeParse(JSON.parse(request ?? '')).success).toBe(true)
  })

  test('imports from the library only what it exports', () => {
    const names = found(README, /import \{ ([^}]+) \} from 'consilium'/g).flatMap((list) => list.split(', '))
    expect(names.length).toBeGreaterThan(0)
    expect(names.filter((name) => !Object.hasOwn(library, name))).toEqual([])
  })
})

describe('docs/configuration.md', () => {
  const table = new Map(rows(read('docs/configuration.md')).map(([name = '', value = '']) => [name, value]))

  test.each(Object.entries(EnvSchema.shape))('has a row for %s with its default', (name, schema) => {
    const standard = schema.parse(undefined)
    expect(table.get(`\`${name}\``)).toBe(standard === undefined ? '–' : `\`${standard}\``)
  })
})

describe('docs/operations.md', () => {
  test('explains every problem code with its status, and no other', () => {
    const explained = rowsUnder(OPERATIONS, 'Problem codes').map(([code, status]) => [code, status])
    const actual = Object.entries(PROBLEMS).map(([code, { status }]) => [`\`${code}\``, String(status)])
    expect(explained.sort()).toEqual(actual.sort())
  })

  test('explains every task error code, and no other', () => {
    const explained = rowsUnder(OPERATIONS, 'Task error codes').map(([code]) => code)
    expect(explained.sort()).toEqual(
      Object.keys(TASK_ERRORS)
        .map((code) => `\`${code}\``)
        .sort(),
    )
  })

  test('says of each code what happened and what to do', () => {
    const all = [...rowsUnder(OPERATIONS, 'Problem codes'), ...rowsUnder(OPERATIONS, 'Task error codes')]
    expect(all.filter((cells) => cells.some((cell) => cell === ''))).toEqual([])
  })

  test('explains every metric with its labels, and no other', () => {
    const { metrics } = buildCore(parseConfig({}), workflows, createLogger('silent'))
    const ours = metrics.registry.getMetricsAsArray() as unknown as { name: string; labelNames: string[] }[]
    const actual = ours
      .filter(({ name }) => name.startsWith('consilium_'))
      .map(({ name, labelNames }) => `${name} ${labelNames.join(', ')}`.trim())
    const explained = rowsUnder(OPERATIONS, 'Metrics').flatMap(([names = '', labels]) =>
      found(names, /`(consilium_\w+)`/g).map((name) => `${name} ${labels}`.trim()),
    )
    expect(explained.sort()).toEqual(actual.sort())
  })

  test('explains every alert with its severity, and the README counts them right', () => {
    const { groups } = parse(read('deploy/prometheus/alerts.yml')) as {
      groups: { rules: { alert: string; labels: { severity: string } }[] }[]
    }
    const actual = groups.flatMap(({ rules }) => rules.map(({ alert, labels }) => [alert, labels.severity]))
    const explained = rowsUnder(OPERATIONS, 'Alerts').map(([alert, severity]) => [alert, severity])
    expect(explained.sort()).toEqual(actual.sort())
    expect(README).toContain(`${actual.length} alert rules`)
  })
})

describe('routes that the documentation names', () => {
  const config = parseConfig({
    JWT_SECRET: 'of-this-test-and-longer-than-32-bytes',
    LOG_LEVEL: 'silent',
    DATA_DIR: ':memory:',
  })
  let app: Awaited<ReturnType<typeof buildApp>>
  beforeAll(async () => {
    app = await buildApp(config)
  })
  afterAll(() => app.close())

  test.each(files)('exist: %s', (file) => {
    const named = found(read(file), /((?:GET|POST) \/[a-z0-9/_.{}-]*[a-z0-9}])/g).filter((route) => {
      const [method, url] = route.split(' ') as ['GET' | 'POST', string]
      return !app.hasRoute({ method, url: url.replace(/\{\w+\}/, ':run_id') })
    })
    // The servers' and the simulator's own.
    expect(named.filter((route) => !/^\S+ \/(simulator|props|tokenize)/.test(route))).toEqual([])
  })
})

describe('the decisions', () => {
  const decisions = files.filter((file) => file.startsWith('docs/adr/'))

  test('are numbered without a gap and listed in docs/architecture.md', () => {
    const numbers = decisions.map((file) => Number(/\/(\d{4})-/.exec(file)?.[1]))
    expect(numbers).toEqual(decisions.map((_, index) => index + 1))
    const architecture = read('docs/architecture.md')
    expect(decisions.filter((file) => !architecture.includes(file.replace('docs/', '')))).toEqual([])
  })

  test.each(decisions)('give context, decision and consequences: %s', (file) => {
    expect(found(read(file), /^\*\*(\w+)\.\*\*/gm)).toEqual(['Context', 'Decision', 'Consequences'])
  })
})
