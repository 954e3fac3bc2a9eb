import { Client } from './load.ts'
import { BenchProcess } from './process.ts'
import { median } from './stats.ts'

const CONNECTIONS = 64
const JOURNALS = ['on', 'off'] as const
type Journal = (typeof JOURNALS)[number]

export interface JournalCost {
  /** Runs per second with the journal over those without. */
  ratio: number
  /** Runs per second, the median round. */
  rates: Record<Journal, number>
}

interface Rounds {
  warmup: number
  rounds: number
  perRound: number
}

async function rateOf(service: BenchProcess, runs: number): Promise<number> {
  const client = new Client('consilium', service.origin, 'discharge', CONNECTIONS)
  const ms = await client.closedLoop(runs, CONNECTIONS)
  await client.close()
  return (runs / ms) * 1000
}

/**
 * Runs per second of a synchronous `discharge_summary` at 64 connections with JOURNAL=on and off: two processes of the
 * service on the same model servers, in alternating rounds. On SQLite each has its own file, on PostgreSQL they share the
 * database at `databaseUrl`.
 */
export async function measureJournal(
  models: BenchProcess,
  flags: readonly string[],
  databaseUrl: string | null,
  { warmup, rounds, perRound }: Rounds,
): Promise<JournalCost> {
  const start = (journal: Journal) =>
    BenchProcess.start('./subjects/consilium.ts', models.ports, flags, {
      BENCH_JOURNAL: journal,
      ...(databaseUrl !== null && { BENCH_SERVICE_DATABASE_URL: databaseUrl }),
    })
  const services = { on: await start('on'), off: await start('off') }
  try {
    const rates: Record<Journal, number[]> = { on: [], off: [] }
    for (const journal of JOURNALS) await rateOf(services[journal], warmup)
    for (let round = 0; round < rounds; round++)
      for (const journal of round % 2 === 0 ? JOURNALS : JOURNALS.toReversed())
        rates[journal].push(await rateOf(services[journal], perRound))
    const medians = { on: median(rates.on), off: median(rates.off) }
    return { ratio: medians.on / medians.off, rates: medians }
  } finally {
    for (const journal of JOURNALS) services[journal].stop()
  }
}
