import type { Acknowledged, Client } from './client.ts'
import type { Finding } from './findings.ts'
import type { Inspection } from './inspection.ts'
import type { Models } from './models.ts'
import { permitRows, tellBusy } from './permit-rows.ts'
import { judgePermits, type Sharing } from './permits.ts'
import { judgeRepeats } from './repeats.ts'
import { tellMs as ms, none, type Row, told } from './row.ts'
import type { Strike } from './strikes.ts'
import { quantile, takeovers } from './takeover.ts'
import { windowsOf } from './windows.ts'

const MOST_TAKEOVER_MS = 15_000
const MOST_READY_MS = 5000

const REDIS_STRIKES = [
  ['redis_kill', 'Redis: kill -9 and started again, empty'],
  ['redis_stop', 'Redis: SIGTERM and started again, empty'],
  ['redis_flush', 'Redis: emptied while it worked'],
  ['redis_freeze', 'Redis: SIGSTOP and SIGCONT'],
] as const

export interface Evidence {
  client: Client
  models: Models
  strikes: readonly Strike[]
  /** Acknowledged runs without an end, after the last patience. */
  open: readonly Acknowledged[]
  inspection: Inspection
  /** Of processes that ended although nobody ended them. */
  crashes: readonly string[]
  /** ms from the database's first answer to the readiness of each replica; null: never. */
  ready_ms: readonly (number | null)[]
  /** What replicas said of the lanes that they share. */
  findings: readonly Finding[]
  sharing: Sharing
}

/** Every row of the table, and in sentences what was wrong. */
export function judge(evidence: Evidence): { rows: Row[]; wrong: string[] } {
  const { client, models, strikes, open, inspection, crashes, ready_ms, findings, sharing } = evidence
  const began = findings[0]?.at ?? 0
  const calls = models.calls()
  const acknowledged = [...client.acknowledged.values()]
  const repeats = judgeRepeats(calls, strikes)
  const lags = repeats.after_answer
  const taken = takeovers({ calls, strikes, acknowledged, manners: client.manners })
  const p99 = quantile(taken, 0.99)
  const windows = sharing.shared ? windowsOf(strikes, findings, performance.now()) : []
  const permits = judgePermits(models.visits(), windows, sharing)
  const slowest = ready_ms.includes(null) ? Number.POSITIVE_INFINITY : Math.max(0, ...(ready_ms as number[]))
  const counts = (kind: Strike['kind']) => strikes.filter((strike) => strike.kind === kind).length
  const ends = Map.groupBy(acknowledged, ({ status }) => status ?? 'open')
  const broken = [...client.broken, ...inspection.broken]
  const rows: Row[] = [
    told('kill -9 of a process', counts('kill')),
    told('kill -9 while it starts', counts('kill_at_start')),
    ...(counts('stop') > 0 ? [told('SIGTERM', counts('stop'))] : []),
    ...(counts('freeze') > 0 ? [told('SIGSTOP and SIGCONT', counts('freeze'))] : []),
    ...(counts('database') > 0 ? [told('PostgreSQL stopped and started', counts('database'))] : []),
    ...REDIS_STRIKES.filter(([kind]) => counts(kind) > 0).map(([kind, what]) => told(what, counts(kind))),
    told('requests sent', client.sent),
    told('runs acknowledged (202 or 200)', acknowledged.length),
    told('their ends', [...ends].map(([status, list]) => `${list.length} ${status}`).join(', ')),
    told('runs kept in all', inspection.listed),
    told('model calls', calls.length),
    none('acknowledged runs lost', open),
    none('broken promises: results changed or twice, keys with two runs, histories with gaps', broken),
    {
      what: 'model calls repeated',
      found: `${repeats.repeated}`,
      allowed: `each in flight at a strike; ${repeats.struck} were`,
      good: repeats.unexplained.length === 0,
    },
    told('… cut at the server by it', repeats.in_flight),
    told(
      '… answered, and struck before that was recorded',
      `${lags.length}, p50 after ${ms(quantile(lags, 0.5))}, the longest after ${ms(quantile(lags, 1))}`,
    ),
    ...(counts('freeze') > 0
      ? [told('… around a freeze that was long enough to lose its runs', repeats.around_freeze)]
      : []),
    ...permitRows(permits, windows, sharing, performance.now() - began),
    {
      what: 'takeover, p50 and p99',
      found: `${ms(quantile(taken, 0.5))}, ${ms(p99)} of ${taken.length}`,
      allowed: `p99 ≤ ${ms(MOST_TAKEOVER_MS)}`,
      good: p99 === null || p99 <= MOST_TAKEOVER_MS,
    },
    ...(ready_ms.length > 0
      ? [
          {
            what: 'ready after the database is back, slowest',
            found: ms(slowest),
            allowed: `≤ ${ms(MOST_READY_MS)}`,
            good: slowest <= MOST_READY_MS,
          },
        ]
      : []),
    {
      what: 'audit chains',
      found: `${inspection.audit_entries} entries, ${inspection.audit_ok ? 'whole' : 'BROKEN'}`,
      allowed: 'whole',
      good: inspection.audit_ok,
    },
    none('processes that ended by themselves', crashes),
  ]
  const lost = open.map(({ run_id, request, manner }) => `${run_id} of ${request} (${manner}) has no end`)
  const bad = rows
    .filter(({ good }) => !good)
    .map(({ what, found, allowed }) => `${what}: ${found}, allowed ${allowed}`)
  const busy = bad.length === 0 ? [] : tellBusy(windows)
  return { rows, wrong: [...bad, ...lost, ...broken, ...repeats.unexplained, ...permits.over, ...crashes, ...busy] }
}
