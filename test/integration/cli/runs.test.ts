import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { authorization } from '../../helpers/service.ts'
import { DOCTOR, letter, NURSE, openWard, TEXT, type Ward, WRITES } from '../approvals/ward.ts'
import { run } from './command.ts'

// Every command is a process of its own, and there are many of them.
vi.setConfig({ testTimeout: 60_000 })

const tokenOf = (claims: object): string => authorization(claims).authorization.slice('Bearer '.length)

/** The command line of a nurse, who asks for runs, and of a doctor, who decides. */
async function desks(ward: Ward) {
  const CONSILIUM_URL = await ward.listen()
  const as = (claims: object) => (args: string[]) => run(args, { CONSILIUM_URL, CONSILIUM_TOKEN: tokenOf(claims) })
  return {
    nurse: as({ ...NURSE, scopes: [...NURSE.scopes, 'workflows:read'] }),
    doctor: as(DOCTOR),
  }
}

function folder() {
  const path = mkdtempSync(join(tmpdir(), 'consilium-runs-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return (name: string, content: string) => {
    writeFileSync(join(path, name), content)
    return join(path, name)
  }
}

const TASKS = JSON.stringify([
  { task_id: 'draft', agent_type: 'Chat', prompt: 'Write.', requires_approval: true },
  { task_id: 'letter', agent_type: 'Chat', prompt: 'Go on.', dependencies: ['draft'] },
])

test('a run is handed over, shown, approved with an edited text, and watched to its end', async () => {
  const ward = await openWard(WRITES)
  const { nurse, doctor } = await desks(ward)
  const file = folder()
  const started = await nurse(['execute', 'custom', '--tasks', file('tasks.json', TASKS), '--async', '--key', 'k-1'])
  expect(started).toMatchObject({ code: 0, err: '' })
  const run_id = /^Run ([\da-f-]{36}) goes on by itself \(queued\)\.$/m.exec(started.out)?.[1] ?? ''
  await ward.waiting(run_id)

  const again = await nurse(['execute', 'custom', '--tasks', file('tasks.json', TASKS), '--async', '--key', 'k-1'])
  expect(again.out).toContain(`Run ${run_id} waits for a human (awaiting_approval).`)

  const shown = await doctor(['runs', 'show', run_id])
  expect(shown).toMatchObject({ code: 0, err: '' })
  expect(shown.out).toContain(`Run ${run_id} awaiting_approval\n`)
  expect(shown.out).toMatch(/^ {2}pending, until 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC$/m)
  expect(shown.out).toContain('  | [SIMULATED: written by a simulator')
  expect(shown.out).toContain('  | Aspirin 100 mg daily.\n')
  expect(shown.out).toContain('Ended so far: draft (succeeded)')

  const approved = await doctor([
    ...['runs', 'approve', run_id, '--comment', 'Dose corrected.'],
    ...['--file', file('edited.txt', TEXT.replace('100 mg', '75 mg'))],
  ])
  expect(approved).toMatchObject({ code: 0, err: '' })
  expect(approved.out).toMatch(/: the text of draft approved by dr-wilson, 20/)
  expect(approved.out).toContain('\n-Aspirin 100 mg daily.\n+Aspirin 75 mg daily.\n')

  const watched = await doctor(['runs', 'watch', run_id])
  expect(watched.code).toBe(0)
  expect(watched.err).toMatch(/the text of draft waits for a human until 20.* \(approval [\da-f-]{36}\)\n/)
  expect(watched.err).toMatch(/the text of draft was approved\n.*the run goes on; 1 task had ended before\n/)
  expect(watched.out).toContain('Aspirin 75 mg daily.')
  expect(watched.out).toContain(`Run ${run_id} succeeded`)
  expect(ward.simulator.ledger.received).toBe(2)

  const ended = await doctor(['runs', 'show', run_id])
  expect(ended.out).toContain('  comment: Dose corrected.\n')
  expect(ended.out).toContain('  document  PRELIMINARY: no human has approved it\n')
})

test('a document is shown once, and not at all when it was rejected', async () => {
  const ward = await openWard(WRITES)
  const { doctor } = await desks(ward)
  const run_id = await ward.begin(letter())
  await ward.waiting(run_id)
  const shown = await doctor(['runs', 'show', run_id])
  expect(shown.out.split('Aspirin 100 mg daily.')).toHaveLength(2)
  expect(shown.out).toContain('  its text is the document below\n')

  const rejected = await doctor(['runs', 'reject', run_id, '--comment', 'Wrong patient.'])
  expect(rejected).toMatchObject({ code: 0, err: '' })
  expect(rejected.out).toContain(': the document rejected by dr-wilson')
  const watched = await doctor(['runs', 'watch', run_id])
  expect(watched.code).toBe(1)
  expect(watched.out).not.toContain('Aspirin')
  expect(watched.out).toContain('FAILED: no human has approved what was written')

  const ended = await doctor(['runs', 'show', run_id])
  expect(ended.out).toContain('  document  REJECTED: not to be used\n')
  expect(ended.out).toContain('\n[REJECTED: a human has decided that this document is not to be used.]\n')
  expect(ended.out).toContain('  | Aspirin 100 mg daily.\n')
  expect(ended.out).toContain('letter failed (approval_rejected)')
})

test('a run for which somebody waits says that it is a human who is waited for', async () => {
  const ward = await openWard(WRITES)
  const { nurse } = await desks(ward)
  const file = folder()
  const { code, out } = await nurse(['execute', 'custom', '--tasks', file('tasks.json', TASKS)])
  expect(out).toMatch(/^Run [\da-f-]{36} waits for a human \(awaiting_approval\)\.$/m)
  expect(code).toBe(3)
})

test('runs are listed page by page, and one that waits can be cancelled', async () => {
  const ward = await openWard(WRITES)
  const { nurse, doctor } = await desks(ward)
  const ids = [await ward.begin(letter()), await ward.begin(letter()), await ward.begin(letter())]
  for (const id of ids) await ward.waiting(id)
  const first = await doctor(['runs', 'list', '--limit', '2', '--status', 'awaiting_approval'])
  const cursor = /^More: --cursor (\S+)\n$/.exec(first.err)?.[1] ?? ''
  const second = await doctor(['runs', 'list', '--limit', '2', '--status', 'awaiting_approval', '--cursor', cursor])
  expect(second).toMatchObject({ code: 0, err: '' })
  const lines = [first.out, second.out].flatMap((out) => out.trimEnd().split('\n'))
  expect(lines).toHaveLength(3)
  for (const id of ids) expect(lines.filter((line) => line.includes(id))).toHaveLength(1)

  const cancelled = await nurse(['runs', 'cancel', ids[0] ?? ''])
  expect(cancelled).toMatchObject({ code: 0, err: '' })
  await ward.ended(ids[0] ?? '')
  const again = await nurse(['runs', 'cancel', ids[0] ?? ''])
  expect(again).toMatchObject({ code: 0, err: '', out: `Run ${ids[0]} has ended (cancelled).\n` })
  await ward.decided(ids[1] ?? '', { decision: 'approve' })
  await ward.ended(ids[1] ?? '')
  const late = await nurse(['runs', 'cancel', ids[1] ?? ''])
  expect(late).toMatchObject({ code: 0, err: '', out: `Run ${ids[1]} had already ended (succeeded).\n` })
  const watched = await doctor(['runs', 'watch', ids[0] ?? '', '--json'])
  expect(watched).toMatchObject({ code: 1, err: '' })
  expect(JSON.parse(watched.out)).toMatchObject({ run_id: ids[0], status: 'cancelled' })
  const shown = await doctor(['runs', 'show', ids[0] ?? ''])
  expect(shown.out).toContain('  not decided: the run has ended without it\n')
  expect(JSON.parse((await doctor(['runs', 'list', '--json'])).out).runs).toHaveLength(3)
  expect((await doctor(['runs', 'list', '--workflow', 'none'])).out).toBe('No runs.\n')
})

test('what cannot be done says why on stderr, with its exit code', async () => {
  const ward = await openWard(WRITES)
  const { nurse, doctor } = await desks(ward)
  const file = folder()
  const run_id = await ward.begin(letter({ approval: { four_eyes: true } }))
  await ward.waiting(run_id)
  const cases: readonly [CommandOf: typeof nurse, args: string[], code: number, why: string][] = [
    [nurse, ['approve', run_id], 1, '(403 forbidden)\nWhoever asked for this run may not decide on it'],
    [doctor, ['show', 'no-such-run'], 1, '(404 not_found)'],
    [doctor, ['watch', '../../health'], 1, '(404 not_found)'],
    [doctor, ['reject', run_id], 2, "required option '--comment <text>'"],
    [doctor, ['approve', run_id, '--file', file('empty.txt', ' \n')], 2, 'empty.txt: is empty\n'],
    [doctor, ['approve', run_id, '--file', 'nowhere.txt'], 2, '--file nowhere.txt: there is no such file\n'],
    [doctor, ['approve', run_id, '--approval', 'other'], 1, 'approval_id: is none of this run'],
    [doctor, ['list', '--limit', '0'], 2, '--limit must be a whole number from 1 to 1000'],
    [doctor, ['list', '--status', 'done'], 2, 'Allowed choices are queued'],
  ]
  for (const [desk, args, code, why] of cases) {
    const end = await desk(['runs', ...args])
    expect(end, args.join(' ')).toMatchObject({ code, out: '', err: expect.stringContaining(why) })
  }
  expect((await ward.view(run_id)).status).toBe('awaiting_approval')
})
