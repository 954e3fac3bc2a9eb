/** Words that carry no claim: their presence may differ. Nothing that could negate, limit, date or attribute is here. */
export const FILLERS: readonly string[] = ['the', 'also', 'additionally', 'furthermore', 'moreover', 'please']

/** Two-letter words that open sentences. Others keep their case: "Mg" is magnesium, "mg" a unit. */
const OPENERS = new Set([
  'An',
  'As',
  'At',
  'Be',
  'By',
  'Do',
  'He',
  'If',
  'In',
  'Is',
  'It',
  'No',
  'Of',
  'On',
  'Or',
  'To',
])

const NUMBER_WITH_UNIT = /^(\p{N}[\p{N}.,]*)(\p{L}+)$/u

/** "5mg" is "5 mg" and "follow-up" is "follow up"; a hyphen beside a digit stays: a range, a date, a code. */
function split(token: string): string[] {
  const measure = NUMBER_WITH_UNIT.exec(token)
  if (measure) return [measure[1] as string, measure[2] as string]
  return /[-–]/.test(token) && !/\p{N}/u.test(token) ? token.split(/[-–]/) : [token]
}

/** Only a capitalised word loses its capital; "AIDS", "mEq" and "Mg" are not "aids", "meq" and "mg". */
function fold(word: string): string {
  const rest = word.slice(1)
  const capitalised = word.length > 2 ? rest === rest.toLowerCase() : OPENERS.has(word)
  return capitalised ? word.slice(0, 1).toLowerCase() + rest : word
}

/** The words that count of one written word: none for a filler, two for a number with its unit. */
export const wordsOf = (token: string): string[] =>
  split(token.replaceAll('’', "'"))
    .map(fold)
    .filter((word) => !FILLERS.includes(word))
