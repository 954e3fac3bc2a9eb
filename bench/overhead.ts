import { Client, type SubjectName } from './load.ts'
import type { BenchProcess } from './process.ts'
import type { ShapeName } from './shapes.ts'
import { median } from './stats.ts'

export interface Subjects {
  consilium: BenchProcess
  bare: BenchProcess
}

const NAMES: readonly SubjectName[] = ['consilium', 'bare']

/**
 * Runs one after the other, in alternating blocks, after `warmup` runs of each (V8 goes on optimising for tens of
 * thousands of calls). The median wall time of a run per subject, in ms.
 */
export async function measureOverhead(
  subjects: Subjects,
  shape: ShapeName,
  { warmup, blocks, perBlock }: { warmup: number; blocks: number; perBlock: number },
) {
  const times: Record<SubjectName, number[]> = { consilium: [], bare: [] }
  const clients = {
    consilium: new Client('consilium', subjects.consilium.origin, shape, 1),
    bare: new Client('bare', subjects.bare.origin, shape, 1),
  }
  for (const name of NAMES) await clients[name].closedLoop(warmup, 1)
  for (let block = 0; block < blocks; block++)
    for (const name of block % 2 === 0 ? NAMES : NAMES.toReversed())
      for (let i = 0; i < perBlock; i++) times[name].push(await clients[name].run())
  await Promise.all(NAMES.map((name) => clients[name].close()))
  return { consilium: median(times.consilium), bare: median(times.bare) }
}

/** Runs per second of `discharge_summary` at 64 connections, in alternating rounds; the median round per subject. */
export async function measureThroughput(
  subjects: Subjects,
  { warmup, rounds, perRound }: { warmup: number; rounds: number; perRound: number },
) {
  const rates: Record<SubjectName, number[]> = { consilium: [], bare: [] }
  const measure = async (name: SubjectName, runs: number): Promise<number> => {
    const client = new Client(name, subjects[name].origin, 'discharge', 64)
    const ms = await client.closedLoop(runs, 64)
    await client.close()
    return (runs / ms) * 1000
  }
  for (const name of NAMES) await measure(name, warmup)
  for (let round = 0; round < rounds; round++)
    for (const name of round % 2 === 0 ? NAMES : NAMES.toReversed()) rates[name].push(await measure(name, perRound))
  return { consilium: median(rates.consilium), bare: median(rates.bare) }
}
