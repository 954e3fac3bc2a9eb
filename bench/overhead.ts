import { Client, type SubjectName } from './load.ts'
import type { BenchProcess } from './process.ts'
import type { ShapeName } from './shapes.ts'
import { median } from './stats.ts'

export interface Subjects {
  consilium: BenchProcess
  bare: BenchProcess
}

const NAMES: readonly SubjectName[] = ['consilium', 'bare']

/** Runs one after the other, in alternating blocks. The median wall time of a run per subject, in ms. */
export async function measureOverhead(
  subjects: Subjects,
  shape: ShapeName,
  { blocks, perBlock }: { blocks: number; perBlock: number },
) {
  const times: Record<SubjectName, number[]> = { consilium: [], bare: [] }
  const clients = {
    consilium: new Client('consilium', subjects.consilium.origin, shape, 1),
    bare: new Client('bare', subjects.bare.origin, shape, 1),
  }
  for (let block = -1; block < blocks; block++)
    for (const name of block % 2 === 0 ? NAMES : NAMES.toReversed())
      for (let i = 0; i < perBlock; i++) {
        const took = await clients[name].run()
        // The first block warms up.
        if (block >= 0) times[name].push(took)
      }
  await Promise.all(NAMES.map((name) => clients[name].close()))
  return { consilium: median(times.consilium), bare: median(times.bare) }
}

/** Runs per second of `discharge_summary` at 64 connections, in alternating rounds; the median round per subject. */
export async function measureThroughput(
  subjects: Subjects,
  { rounds, perRound }: { rounds: number; perRound: number },
) {
  const rates: Record<SubjectName, number[]> = { consilium: [], bare: [] }
  for (let round = -1; round < rounds; round++)
    for (const name of round % 2 === 0 ? NAMES : NAMES.toReversed()) {
      const client = new Client(name, subjects[name].origin, 'discharge', 64)
      const ms = await client.closedLoop(perRound, 64)
      await client.close()
      if (round >= 0) rates[name].push((perRound / ms) * 1000)
    }
  return { consilium: median(rates.consilium), bare: median(rates.bare) }
}
