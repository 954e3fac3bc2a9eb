import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspectChain } from '../src/archive/audit-inspection.ts'
import { sealHeads } from '../src/store/audit/seal.ts'
import type { Store } from '../src/store/port.ts'
import { openSqliteStore } from '../src/store/sqlite/open.ts'
import { median } from './stats.ts'

const TENANT = 'bench'
const AT_ONCE = 5000

/** Entries as a run leaves them: ids, a route, a time. */
async function fill(store: Store, entries: number): Promise<void> {
  for (let from = 0; from < entries; from += AT_ONCE)
    await store.note(
      TENANT,
      Array.from({ length: Math.min(AT_ONCE, entries - from) }, (_, n) => ({
        at: 1_795_000_000_000 + from + n,
        actor: 'nurse-1',
        action: 'run.read',
        object: `run/0b9b1d5c-2f5e-4a31-9f0a-${String(from + n).padStart(12, '0')}`,
        outcome: 'ok',
        details: { request_id: '5d0b6a0e-7f0c-4d7e-8a8e-4e2f1d3c5b6a', route: 'GET /v1/runs/:run_id' },
      })),
    )
}

/**
 * Entries that are verified in a second, the median of `repeats`: as `GET /v1/audit/verify` does it on SQLite, against
 * the signed heads, with a turn of the event loop after every thousand.
 */
export async function measureAuditVerify(entries = 200_000, repeats = 5): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'consilium-bench-audit-'))
  const store = openSqliteStore({ folder, keys: null })
  const seal = { path: join(folder, 'heads.json'), key: Buffer.alloc(32, 1) }
  const rates: number[] = []
  try {
    await store.migrate()
    await fill(store, entries)
    await sealHeads(store, seal, Date.now())
    for (let n = 0; n < repeats; n++) {
      const start = performance.now()
      const verdict = await inspectChain({ store, seal }, TENANT)
      if (!verdict.ok || verdict.entries !== entries) throw new Error('The bench verified something else')
      rates.push(entries / ((performance.now() - start) / 1000))
    }
    return median(rates)
  } finally {
    await store.close()
    rmSync(folder, { recursive: true })
  }
}
