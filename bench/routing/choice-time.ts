import { execFile } from 'node:child_process'
import { performance } from 'node:perf_hooks'
import { promisify } from 'node:util'
import { RouteQuestion } from '../../src/contract/routing.ts'
import { classify } from '../../src/routing/classify/classify.ts'
import { usualPromptTokens } from '../../src/routing/cost.ts'
import { type Candidate, UNKNOWN } from '../../src/routing/router/candidate.ts'
import { decide } from '../../src/routing/router/decide.ts'
import { median, quantile } from '../stats.ts'
import { requestsOf } from './classify.ts'
import { manyCandidates } from './decide.ts'
import { mixedRoster } from './roster.ts'

const TEXTS = 200
const BLOCKS = 9
const POLICY = { phi_egress: true, routing: {}, tools: ['answer', 'search'] }

/** Of single calls, in ms of wall time. */
export interface Millis {
  p50: number
  /** The median of the p99 of nine blocks, so that one block in which something else ran does not decide. */
  p99: number
  /** p99 over the texts of each text's fastest call: what is left when nothing else takes the processor away. */
  undisturbed_p99: number
}

function timesOf(work: (text: string) => unknown, texts: readonly string[], passes: number): Millis {
  const fastest = texts.map(() => Number.POSITIVE_INFINITY)
  const pass = (): number[] =>
    texts.map((text, at) => {
      const began = performance.now()
      work(text)
      const took = performance.now() - began
      fastest[at] = Math.min(fastest[at] as number, took)
      return took
    })
  for (let i = 0; i < passes * 2; i++) pass()
  const blocks = Array.from({ length: BLOCKS }, () => Array.from({ length: passes }, pass).flat())
  return {
    p50: median(blocks.flat()),
    p99: median(blocks.map((block) => quantile(block, 0.99))),
    undisturbed_p99: quantile(fastest, 0.99),
  }
}

/** Classify and route, as for a task of agent `auto`. */
const chooserOf = (candidates: readonly Candidate[]) => (text: string) =>
  decide(
    {
      ...QUESTION,
      classification: classify(text),
      prompt_tokens: usualPromptTokens(text.length),
    },
    candidates,
    POLICY,
  )

const QUESTION = RouteQuestion.parse({
  classification: { type: 'SIMPLE', confidence: 1, distribution: { SIMPLE: 1 }, complexity: 0 },
  prompt_tokens: 0,
  max_tokens: 512,
})

/** How long a choice takes for a task of 200 words: the classifier alone, with the bench's roster, with 1,000 models. */
export function measureChoice(): { classify: Millis; decision: Millis; thousand: Millis } {
  const texts = requestsOf(200, TEXTS)
  const few = mixedRoster().map((card): Candidate => ({ card, off: null, live: UNKNOWN }))
  return {
    classify: timesOf(classify, texts, 15),
    decision: timesOf(chooserOf(few), texts, 10),
    thousand: timesOf(chooserOf(manyCandidates(1000)), texts, 2),
  }
}

/** The same in a process of its own: a client of Redis, once loaded, makes the classifier half as slow again. */
export async function measureChoiceAlone(): Promise<ReturnType<typeof measureChoice>> {
  const { stdout } = await promisify(execFile)(process.execPath, [import.meta.filename])
  return JSON.parse(stdout)
}

if (import.meta.main) console.log(JSON.stringify(measureChoice()))
