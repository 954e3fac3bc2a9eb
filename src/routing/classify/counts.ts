/** What is counted while a text is read. All but `chars` speak of the part that was looked at. */
export interface Counts {
  /** Characters of the whole text. */
  chars: number
  seen: number
  lines: number
  dataLines: number
  codeLines: number
  listLines: number
  digits: number
  codeSymbols: number
  backticks: number
  questions: number
  exclamations: number
  /** Characters inside long quotations. */
  quoted: number
  /** Words like `camelCase` or `snake_case`. */
  identifiers: number
  numbers: number
  sentences: number
  endsWithQuestion: number
}

/** The counts before anything was read. */
export const noCounts = (): Counts => ({
  chars: 0,
  seen: 0,
  lines: 0,
  dataLines: 0,
  codeLines: 0,
  listLines: 0,
  digits: 0,
  codeSymbols: 0,
  backticks: 0,
  questions: 0,
  exclamations: 0,
  quoted: 0,
  identifiers: 0,
  numbers: 0,
  sentences: 0,
  endsWithQuestion: 0,
})

/** Sets every count to 0. Field by field: this runs for every request. */
export function reset(counts: Counts): void {
  counts.chars = 0
  counts.seen = 0
  counts.lines = 0
  counts.dataLines = 0
  counts.codeLines = 0
  counts.listLines = 0
  counts.digits = 0
  counts.codeSymbols = 0
  counts.backticks = 0
  counts.questions = 0
  counts.exclamations = 0
  counts.quoted = 0
  counts.identifiers = 0
  counts.numbers = 0
  counts.sentences = 0
  counts.endsWithQuestion = 0
}
