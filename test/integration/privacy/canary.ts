import { expect } from 'vitest'
import type { TestService } from '../../helpers/service.ts'

/** Stands for whatever a caller or a model may say of a patient. It is no plain name, as a sentence or a name in two words. */
export const CANARY = 'CANARY Jane Doe, born 1961'
/** The same where no blank can stand. */
export const CANARY_WORD = 'CANARY/Jane-Doe/1961'

/** All that can give it away, also encoded or in other letters. */
const TRACE = /canary|jane|Q0FOQVJZ/i

/** What went out to a caller. */
export interface Answer {
  statusCode: number
  headers: Readonly<Record<string, unknown>>
  body: string
}

interface Run {
  aggregated_content: string
  results: { content: string | null }[]
}

const parse = (body: string): Record<string, unknown> | string => {
  try {
    return JSON.parse(body)
  } catch {
    return body
  }
}

/** A run without the two places that belong to the caller: the document, and what each model wrote. */
const withoutText = (run: Run) => ({
  ...run,
  aggregated_content: null,
  results: run.results.map((result) => ({ ...result, content: null })),
})

const isRun = (value: unknown): value is Run =>
  typeof value === 'object' && value !== null && 'aggregated_content' in value

/** Everything of an answer that must hold no clinical text. */
function besidesTheText({ headers, body }: Answer): string {
  const parsed = parse(body)
  if (typeof parsed === 'string') return JSON.stringify([headers, parsed])
  if (isRun(parsed)) return JSON.stringify([headers, withoutText(parsed)])
  return JSON.stringify([headers, parsed, isRun(parsed.run) ? withoutText(parsed.run) : null], (key, value) =>
    key === 'run' && isRun(value) ? undefined : value,
  )
}

export const expectClean = (text: string, what: string): void =>
  expect(
    TRACE.exec(text) && text.slice(Math.max(0, text.search(TRACE) - 200), text.search(TRACE) + 100),
    what,
  ).toBeNull()

/** Nothing of the canary in what these answers say beside the caller's own document, nor in logs and metrics. */
export async function expectNoTrace(service: TestService, ...answers: Answer[]): Promise<void> {
  for (const answer of answers) expectClean(besidesTheText(answer), `answer ${answer.statusCode}`)
  expectClean(JSON.stringify(service.lines), 'log')
  const { text } = await service.app.service.scrape()
  expect(text).toContain('consilium_')
  expectClean(text, 'metrics')
}

/** Headers that a caller fills with whatever it likes. */
export const LOUD_HEADERS: Readonly<Record<string, string>> = {
  'user-agent': CANARY,
  referer: `https://ehr.example/${CANARY_WORD}`,
  cookie: `patient=${CANARY_WORD}`,
  traceparent: CANARY,
  'x-request-id': CANARY,
  'request-id': CANARY,
  'x-forwarded-for': CANARY,
  'x-patient': CANARY,
  prefer: CANARY,
  'accept-language': CANARY,
}

/** Context in which every value, and every key that may be chosen freely, is the canary. */
export const loud = (keys: readonly string[]) => ({
  ...Object.fromEntries(keys.map((key) => [key, { [CANARY]: CANARY, list: [CANARY, { [CANARY]: 1961 }] }])),
  [CANARY]: CANARY,
})
