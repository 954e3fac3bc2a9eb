import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ExecuteResponse } from '../../../src/contract/result.ts'
import { parseTraining, type TrainingLine } from '../../../src/routing/training/line.ts'
import { openSqliteStore } from '../../../src/store/sqlite/open.ts'
import { custom, run as execute, startService } from '../../helpers/service.ts'
import { newFolder } from '../store/folder.ts'
import { run } from './command.ts'

const CODE = 'Write a Python function that sorts the rows of a table by date.'
const LETTER = 'Write a letter for Mrs Jane Berg, MRN 48213, admitted 2026-11-02, about her stay.'

interface Ward {
  response: ExecuteResponse
  /** The command line on a copy of the database, as `db backup` makes it beside a service at work. */
  cli: (...args: string[]) => ReturnType<typeof run>
  copy: string
}

async function copyOf(folder: string): Promise<string> {
  const copy = newFolder()
  const backup = await run(['db', 'backup', join(copy, 'consilium.db')], { DATA_DIR: folder })
  expect(backup).toMatchObject({ code: 0 })
  return copy
}

/** A service whose runs are kept, with two decisions that ended well, one that was cut and one that failed. */
async function ward(): Promise<Ward> {
  const folder = newFolder()
  const service = await startService({ env: { DATA_DIR: folder } })
  for (const server of service.simulator.servers.values())
    server.setFaults((_, { messages }) =>
      JSON.stringify(messages).includes('Never') ? { kind: 'status', status: 400 } : null,
    )
  const response = await execute(
    service,
    custom([
      { task_id: 'code', agent_type: 'auto', prompt: CODE },
      { task_id: 'letter', agent_type: 'auto', prompt: LETTER },
      { task_id: 'cut', agent_type: 'auto', prompt: `${CODE} In short.`, max_tokens: 1 },
      { task_id: 'broken', agent_type: 'auto', prompt: 'Never answer this.' },
      { task_id: 'named', prompt: 'No decision: the agent is named.' },
    ]),
  )
  const copy = await copyOf(folder)
  return { copy, response, cli: (...args) => run(['routing', ...args], { DATA_DIR: copy }) }
}

const linesIn = (file: string): TrainingLine[] => {
  const parsed = parseTraining(readFileSync(file, 'utf8'))
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults))
  return parsed.lines
}

const byQuery = (lines: readonly TrainingLine[]) => lines.toSorted((a, b) => (a.query < b.query ? -1 : 1))

async function exportsNoted(folder: string) {
  const store = openSqliteStore({ folder, keys: null })
  try {
    return (await store.auditLinks('default', 0, 1000)).filter(({ action }) => action === 'routing.export')
  } finally {
    await store.close()
  }
}

describe('cli routing export', { timeout: 60_000 }, () => {
  test('writes what ended well with its model, tools and cost, without names, dates and ids', async () => {
    const { cli, copy, response } = await ward()
    const file = join(newFolder(), 'training.jsonl')
    const { code, out } = await cli('export', '--out', file, '--consent')
    expect([code, out]).toEqual([
      0,
      `${file}: 2 decisions that ended well, 0 that did not, 2 left out; 3 passages replaced, look at the rest.\n`,
    ])
    const of = (id: string) => response.results.find(({ task_id }) => task_id === id)
    const expected = (id: string, query: string) => ({
      query,
      task_type: of(id)?.routing?.task_type,
      outcome: 'succeeded',
      latency_ms: of(id)?.latency_ms,
      optimal_routing: { model: of(id)?.model, tools: of(id)?.routing?.planned_tools, cost: of(id)?.cost },
    })
    expect(byQuery(linesIn(file))).toEqual([
      expected('code', CODE),
      expected('letter', 'Write a letter for Mrs [NAME], MRN [ID], admitted [DATE], about her stay.'),
    ])
    expect(statSync(file).mode & 0o077).toBe(0)

    const [entry, ...more] = await exportsNoted(copy)
    expect(more).toEqual([])
    expect(entry).toMatchObject({ actor: expect.stringMatching(/^cli:/), outcome: 'ok' })
    expect(JSON.parse(entry?.details ?? '')).toEqual({
      deidentified: true,
      left_out: 2,
      not_well: 0,
      replaced: 3,
      succeeded: 2,
    })
  })

  test('refuses without consent, and needs more of it for texts as they are', async () => {
    const { cli, copy } = await ward()
    const file = join(newFolder(), 'training.jsonl')
    const told = async (...more: string[]) => {
      const { code, err } = await cli('export', '--out', file, ...more)
      expect(code).toBe(2)
      expect(existsSync(file)).toBe(false)
      return err
    }
    expect(await told()).toContain('the questions are clinical texts')
    expect(await told('--no-deidentify')).toContain('the questions are clinical texts')
    expect(await told('--no-deidentify', '--consent')).toContain('say --consent identified')
    expect(await exportsNoted(copy)).toEqual([])

    expect(await cli('export', '--out', file, '--no-deidentify', '--consent', 'identified', '--all')).toMatchObject({
      code: 0,
    })
    const lines = byQuery(linesIn(file))
    expect(lines.map(({ query, outcome }) => [query, outcome])).toEqual([
      ['Never answer this.', 'failed'],
      [CODE, 'succeeded'],
      [`${CODE} In short.`, 'truncated'],
      [LETTER, 'succeeded'],
    ])
    expect(lines[0]).toMatchObject({ optimal_routing: null, tried_routing: { model: expect.any(String) } })
  })

  test('replaces no file, writes no more than asked, and says where there is no store', async () => {
    const { cli } = await ward()
    const file = join(newFolder(), 'training.jsonl')
    writeFileSync(file, 'mine')
    expect(await cli('export', '--out', file, '--consent')).toMatchObject({
      code: 2,
      err: expect.stringContaining('is there already'),
    })
    expect(readFileSync(file, 'utf8')).toBe('mine')
    const one = join(newFolder(), 'one.jsonl')
    expect(await cli('export', '--out', one, '--consent', '--limit', '1')).toMatchObject({ code: 0 })
    expect(linesIn(one)).toHaveLength(1)
    const empty = await run(['routing', 'export', '--out', `${file}2`, '--consent'], { DATA_DIR: newFolder() })
    expect([empty.code, empty.err, existsSync(`${file}2`)]).toEqual([2, expect.stringContaining('no database'), false])
  })
})

describe('cli routing import', { timeout: 60_000 }, () => {
  test('prints rules that the roster takes, and writes examples, from what export wrote', async () => {
    const folder = newFolder()
    const service = await startService({ env: { DATA_DIR: folder } })
    const tasks = Array.from({ length: 6 }, (_, n) => ({ task_id: `t${n}`, agent_type: 'auto', prompt: CODE }))
    const { results } = await execute(service, custom(tasks))
    const model = results[0]?.model
    const file = join(newFolder(), 'training.jsonl')
    const exported = await run(['routing', 'export', '--out', file, '--consent'], { DATA_DIR: await copyOf(folder) })
    expect(exported).toMatchObject({ code: 0, out: expect.stringContaining('6 decisions that ended well') })

    const rules = await run(['routing', 'import', file, '--rules'])
    expect(rules).toMatchObject({ code: 0, err: expect.stringContaining('Export with --all') })
    const { routing } = JSON.parse(rules.out)
    expect(routing).toEqual({ rules: { CODING: { prefer_models: [model] } } })
    // A start is refused for rules that do not fit its models.
    await startService({ roster: (running) => ({ ...running, routing }) })

    const examples = join(newFolder(), 'examples.json')
    expect(await run(['routing', 'import', file, '--few-shot', '3', '--out', examples])).toMatchObject({
      code: 0,
      out: `${examples}: 1 example.\n`,
    })
    expect(JSON.parse(readFileSync(examples, 'utf8'))).toEqual({
      examples: [{ query: CODE, task_type: 'CODING', optimal_routing: { model, tools: ['answer'], cost: 0 } }],
    })
  })

  test('names the line of a bad file, and quotes nothing of it', async () => {
    const file = join(newFolder(), 'bad.jsonl')
    writeFileSync(file, `\n{"query": "Mrs Berg", "outcome": "succeeded"}\nMrs Berg\n`)
    const { code, out, err } = await run(['routing', 'import', file, '--rules'])
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain(`${file} is not a training file:\n  line 2: task_type`)
    expect(err).toContain('\n  line 3: is not JSON\n')
    expect(err).not.toContain('Berg')
  })

  test.each([
    [['--rules', '--few-shot', '2'], 'one of the two'],
    [[], 'one of the two'],
    [['--rules', '--out', 'x'], '--out goes with --few-shot'],
    [['--few-shot', '0'], '--few-shot must be a whole number from 1 to 100'],
  ])('wants one thing: %j', async (args, message) => {
    const file = join(newFolder(), 'empty.jsonl')
    writeFileSync(file, '')
    expect(await run(['routing', 'import', file, ...args])).toMatchObject({
      code: 2,
      err: expect.stringContaining(message),
    })
  })
})
