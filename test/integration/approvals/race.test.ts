import { describe, expect, onTestFinished, test } from 'vitest'
import { createDatabase, postgresIsWanted } from '../../contracts/store-subjects.ts'
import { authorization } from '../../helpers/service.ts'
import { letter, NURSE, openWard, type Ward, WRITES } from './ward.ts'

const TRIES = 50

const kinds: readonly { name: string; env: () => Promise<Record<string, string>> }[] = [
  { name: 'SQLite', env: async () => ({}) },
  ...(postgresIsWanted
    ? [
        {
          name: 'PostgreSQL',
          env: async () => {
            const { url, drop } = await createDatabase()
            onTestFinished(drop)
            return { DATABASE_URL: url }
          },
        },
      ]
    : []),
]
if (!postgresIsWanted) console.info('skipped: no PostgreSQL, races of approvals are not checked there')

interface Entry {
  seq: number
  action: string
  outcome: string
}

/** All entries about approvals, in order. */
async function auditOf(ward: Ward): Promise<Entry[]> {
  const answer = await ward.get('/v1/audit?limit=1000', authorization({ scopes: ['admin'] }))
  const entries: Entry[] = answer.json().entries
  return entries.filter(({ action }) => action.startsWith('approval.')).sort((a, b) => a.seq - b.seq)
}

describe.each(kinds)('decisions at once in $name', ({ env }) => {
  const open = async () => openWard({ ...WRITES, env: { ...(await env()), RATE_LIMIT_MAX: '100000' } })

  test('exactly one of fifty approvals and rejections wins; the run, its events and the audit say the same', async () => {
    const ward = await open()
    const run_id = await ward.begin(letter())
    await ward.waiting(run_id)
    const answers = await Promise.all(
      Array.from({ length: TRIES }, (_, n) =>
        ward.decide(
          run_id,
          { decision: n % 2 === 0 ? 'approve' : 'reject', comment: `${n}` },
          {
            subject: `dr-${n}`,
            scopes: ['runs:approve'],
          },
        ),
      ),
    )
    const won = answers.filter(({ statusCode }) => statusCode === 200)
    expect(won).toHaveLength(1)
    expect(answers.filter(({ statusCode }) => statusCode === 409)).toHaveLength(TRIES - 1)

    const decided = won[0]?.json()
    const run = await ward.ended(run_id)
    expect(run.approvals).toEqual([decided])
    expect(run.document_status).toBe(decided.status === 'approved' ? 'final' : 'rejected')
    expect(run.status).toBe(decided.status === 'approved' ? 'succeeded' : 'failed')
    expect(decided.decided_by).toBe(`dr-${decided.comment}`)

    const told = (await ward.history(run_id)).filter(({ event }) => event.event === 'run.approval_decided')
    expect(told.map(({ event }) => event.data)).toEqual([
      { approval_id: decided.approval_id, task_id: null, status: decided.status },
    ])
    // Who came when the run had already gone on is refused as well, and noted with it.
    const entries = await auditOf(ward)
    expect(entries.filter(({ outcome }) => outcome === 'ok')).toMatchObject([
      { action: decided.status === 'approved' ? 'approval.approve' : 'approval.reject', actor: decided.decided_by },
    ])
    expect(entries.filter(({ outcome }) => outcome.startsWith('refused'))).toHaveLength(TRIES - 1)
  })

  test('a decision that comes again is a conflict and changes nothing', async () => {
    const ward = await open()
    const run_id = await ward.begin(letter())
    await ward.waiting(run_id)
    await ward.decided(run_id, { decision: 'approve', comment: 'First.' })
    for (const decision of ['approve', 'reject']) {
      const again = await ward.decide(run_id, { decision, comment: 'Second.' })
      expect([again.statusCode, again.json().code]).toEqual([409, 'conflict'])
      expect(again.json().detail).toBe('It has been decided already; see approvals of the run.')
    }
    expect((await ward.ended(run_id)).approvals).toMatchObject([{ status: 'approved', comment: 'First.' }])
  })

  test('a decision and a cancellation at once leave a run with one end', async () => {
    const ward = await open()
    for (let round = 0; round < 5; round++) {
      const run_id = await ward.begin(letter())
      await ward.waiting(run_id)
      const [decided, cancelled] = await Promise.all([
        ward.decide(run_id, { decision: 'approve' }),
        ward.cancel(run_id),
      ])
      expect(cancelled.statusCode).toBe(202)
      const run = await ward.ended(run_id)
      // Whatever came first: an approval that was answered with 200 is there, one that was not is not.
      expect(run.approvals[0]?.status).toBe(decided.statusCode === 200 ? 'approved' : 'pending')
      if (decided.statusCode !== 200) expect([decided.statusCode, run.status]).toEqual([409, 'cancelled'])
      expect(['succeeded final', 'cancelled preliminary']).toContain(`${run.status} ${run.document_status}`)
    }
  })

  test('whoever asked is refused however often he tries beside somebody who may', async () => {
    const ward = await open()
    const run_id = await ward.begin(letter({ approval: { four_eyes: true } }))
    await ward.waiting(run_id)
    const tries = Array.from({ length: 20 }, () => ward.decide(run_id, { decision: 'approve' }, NURSE))
    const [other, ...own] = await Promise.all([ward.decide(run_id, { decision: 'reject' }), ...tries])
    expect(other.statusCode).toBe(200)
    expect(new Set(own.map(({ statusCode }) => statusCode))).toEqual(new Set([403]))
    expect((await ward.ended(run_id)).approvals).toMatchObject([{ status: 'rejected', decided_by: 'dr-wilson' }])
  })
})
