import { Client, type SubjectName } from './load.ts'
import type { BenchProcess } from './process.ts'

const MB = 1_000_000

/** Resident memory in MB after half and after all of `runs` discharge summaries at 64 connections, on a fresh process. */
export async function measureMemory(name: SubjectName, process: BenchProcess, runs: number) {
  const client = new Client(name, process.origin, 'discharge', 64)
  await client.closedLoop(runs / 2, 64)
  const half = (await process.usage()).rss / MB
  await client.closedLoop(runs / 2, 64)
  const end = (await process.usage()).rss / MB
  await client.close()
  return { half, end }
}
