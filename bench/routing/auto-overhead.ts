import { Pool } from 'undici'
import { signToken } from '../../src/token.ts'
import type { BenchProcess } from '../process.ts'
import { BENCH_SECRET } from '../secret.ts'
import { median } from '../stats.ts'

const token = signToken(BENCH_SECRET, { subject: 'bench', expiresInS: 24 * 3600 })
const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }

/** A request of 200 words. */
const TEXT = 'Summarise the stay of this patient for the family doctor and list what is to be watched at home. '
  .repeat(11)
  .split(' ')
  .slice(0, 200)
  .join(' ')

const bodyOf = (model: string): string => JSON.stringify({ model, messages: [{ role: 'user', content: TEXT }] })

export interface AutoOverhead {
  /** Median wall time of a run, in ms. */
  auto: number
  named: number
  /** The median difference of neighbours, in ms: what leaving the choice to us costs. */
  over: number
}

/**
 * One chat completion after the other, `model: auto` and the model that auto chooses by name in turns, on models that
 * answer at once.
 */
export async function measureAutoOverhead(
  subject: BenchProcess,
  { warmup, pairs }: { warmup: number; pairs: number },
): Promise<AutoOverhead> {
  const pool = new Pool(subject.origin, { connections: 1 })
  const ask = async (body: string): Promise<{ took: number; text: string }> => {
    const began = performance.now()
    const answer = await pool.request({ method: 'POST', path: '/v1/chat/completions', headers, body })
    const text = await answer.body.text()
    const took = performance.now() - began
    if (answer.statusCode !== 200) throw new Error(`A run failed: ${answer.statusCode} ${text.slice(0, 300)}`)
    return { took, text }
  }
  try {
    const auto = bodyOf('auto')
    const { model } = JSON.parse((await ask(auto)).text) as { model: string }
    const named = bodyOf(model)
    for (let i = 0; i < warmup; i++) {
      await ask(auto)
      await ask(named)
    }
    const times = { auto: [] as number[], named: [] as number[], over: [] as number[] }
    for (let i = 0; i < pairs; i++) {
      // Whichever comes second finds the caches warmer; so each is it half of the time.
      const [first, second] = i % 2 === 0 ? [auto, named] : [named, auto]
      const one = await ask(first)
      const other = await ask(second)
      const [a, n] = i % 2 === 0 ? [one.took, other.took] : [other.took, one.took]
      times.auto.push(a)
      times.named.push(n)
      times.over.push(a - n)
    }
    return { auto: median(times.auto), named: median(times.named), over: median(times.over) }
  } finally {
    await pool.destroy()
  }
}
