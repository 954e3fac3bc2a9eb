import { savedEnd, savedRequest } from '../archive/saved.ts'
import { deidentify } from '../routing/training/deidentify.ts'
import type { TrainingLine } from '../routing/training/line.ts'
import { linesOfRun } from '../routing/training/lines-of-run.ts'
import type { Store } from '../store/port.ts'
import { actor } from './actor.ts'
import { withAudit } from './audit-offline.ts'
import { UsageError } from './errors.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { writeNewFile } from './routing-file.ts'
import type { Terminal } from './terminal.ts'

type Env = Readonly<Record<string, string | undefined>>

export interface ExportWishes {
  out: string
  consent: 'deidentified' | 'identified' | null
  deidentify: boolean
  /** Also what did not end well. */
  all: boolean
  tenant: string
  limit: number
}

const PAGE = 200

const NO_CONSENT =
  'Not exported: the questions are clinical texts. If the patients, or who decides for them, agree to this use, say so ' +
  'with --consent. Names, dates and ids are replaced by patterns, which miss some: look at the file before it goes anywhere.'
const NO_IDENTIFIED_CONSENT =
  'Not exported: --no-deidentify leaves names, dates and ids in the texts. If the consent covers that, say --consent identified.'

function checkConsent({ consent, deidentify }: ExportWishes): void {
  if (consent === null) throw new UsageError(NO_CONSENT)
  if (!deidentify && consent !== 'identified') throw new UsageError(NO_IDENTIFIED_CONSENT)
}

/** The runs of a tenant that have ended, the newest first. */
async function* endedRuns(store: Store, tenant: string) {
  for (let cursor: string | null = null; ; ) {
    const page: Awaited<ReturnType<Store['runs']>> = await store.runs(tenant, {
      limit: PAGE,
      ...(cursor !== null && { cursor }),
    })
    for (const { run_id, finished_at } of page.runs) {
      // It may be deleted meanwhile.
      const run = finished_at === null ? null : await store.run(tenant, run_id)
      const end = run === null ? null : savedEnd(run)
      if (run !== null && end !== null) yield { request: savedRequest(run).request, response: end.response }
    }
    if (page.next_cursor === null) return
    cursor = page.next_cursor
  }
}

interface Collected {
  lines: TrainingLine[]
  counts: { succeeded: number; not_well: number; left_out: number; replaced: number }
}

async function collect(store: Store, { tenant, all, limit, deidentify: hide }: ExportWishes): Promise<Collected> {
  const lines: TrainingLine[] = []
  const counts = { succeeded: 0, not_well: 0, left_out: 0, replaced: 0 }
  for await (const { request, response } of endedRuns(store, tenant)) {
    const found = linesOfRun(request, response)
    counts.left_out += found.left_out
    for (const line of found.lines) {
      if (lines.length === limit) return { lines, counts }
      const well = line.outcome === 'succeeded'
      if (!well && !all) counts.left_out++
      else {
        counts[well ? 'succeeded' : 'not_well']++
        const hidden = hide ? deidentify(line.query) : { text: line.query, replaced: {} }
        for (const count of Object.values(hidden.replaced)) counts.replaced += count
        lines.push({ ...line, query: hidden.text })
      }
    }
  }
  return { lines, counts }
}

/** `routing export`: decisions with their outcomes as JSONL in a new file. The audit has the export before the file has a line. */
export async function exportTraining(wishes: ExportWishes, env: Env, terminal: Terminal): Promise<ExitCode> {
  checkConsent(wishes)
  const { out, tenant, deidentify: deidentified } = wishes
  return await withAudit(env, async (store) => {
    const { succeeded, not_well, left_out, replaced } = await writeNewFile(out, '--out', async (write) => {
      const { lines, counts } = await collect(store, wishes)
      const act = { actor: actor(), action: 'routing.export', object: 'store', outcome: 'ok' }
      await store.note(tenant, [{ ...act, at: Date.now(), details: { ...counts, deidentified } }])
      await write(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
      return counts
    })
    const hidden = deidentified ? `; ${replaced} passages replaced, look at the rest` : '; texts as they are'
    terminal.out(
      `${out}: ${succeeded} decisions that ended well, ${not_well} that did not, ${left_out} left out${hidden}.\n`,
    )
    return EXIT.ok
  })
}
