import { examples } from '../../scripts/classifier/data.ts'
import { classify } from '../../src/routing/classify/classify.ts'
import { quantile } from '../stats.ts'

/** Requests of so many words, cut one after the other from all labelled ones: no two alike, every kind mixed. */
export function requestsOf(words: number, count: number): string[] {
  const all = examples()
    .map(({ text }) => text)
    .join('\n')
    .split(/(?<=\s)(?=\S)/)
  return Array.from({ length: count }, (_, i) => {
    const from = (i * words) % (all.length - words)
    return all.slice(from, from + words).join('')
  })
}

/** p50 and p99 of one call of `classify`, in µs, after a warm-up, for requests of 10 and of 200 words. */
export function measureClassify({ calls = 20_000, texts = 200 } = {}) {
  const measure = (words: number) => {
    const requests = requestsOf(words, texts)
    const times = new Float64Array(calls)
    for (let i = 0; i < calls; i++) classify(requests[i % texts] as string)
    for (let i = 0; i < calls; i++) {
      const request = requests[i % texts] as string
      const start = performance.now()
      classify(request)
      times[i] = (performance.now() - start) * 1000
    }
    const sorted = Array.from(times)
    return { p50_us: quantile(sorted, 0.5), p99_us: quantile(sorted, 0.99) }
  }
  return { words_10: measure(10), words_200: measure(200) }
}
