import { GIVEN_NAMES } from './given-names.ts'

/** What a placeholder stands for. */
export const KINDS = ['EMAIL', 'URL', 'ID', 'DATE', 'PHONE', 'AGE', 'ADDRESS', 'NAME'] as const
export type Kind = (typeof KINDS)[number]

export interface Deidentified {
  text: string
  replaced: Readonly<Record<Kind, number>>
}

interface Rule {
  kind: Kind
  /** Global. With a group `keep` only what follows that is replaced. */
  pattern: RegExp
}

const START = String.raw`(?<![\p{L}\p{N}])`
const END = String.raw`(?![\p{L}\p{N}])`
const pattern = (source: string, flags = 'giu'): RegExp => new RegExp(`${START}${source}${END}`, flags)

const MONTH =
  '(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|' +
  'nov(?:ember)?|dec(?:ember)?|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|setiembre|octubre|' +
  String.raw`noviembre|diciembre|ene|abr|ago|dic)\.?`
const DAY = String.raw`\d{1,2}(?:st|nd|rd|th|º)?`

const ID_LABEL =
  '(?:mrn|nhs|ssn|dni|nie|nif|cip|nuss|nhc|nss|passport|pasaporte|medicare|medicaid|accession|insurance|policy|p[óo]liza|' +
  String.raw`(?:medical |patient |hospital )?(?:record|patient|case|member|claim)(?= {0,2}(?:no|num|id|#|n[º°])|\s{0,2}#)|` +
  String.raw`historia(?: cl[íi]nica)?(?= {0,2}(?:no|n[uú]m|n[º°]|:|#|\d)))`
const ID_FILLER = String.raw`(?:[\s.:#=-]|number|num|n[uú]mero|n[uú]m|no|id|is|es|n[º°]){0,6}`

/** A name as it is written: a capital, then small letters, also O'Brien, De la Cruz, García-López. */
const WORD = String.raw`\p{Lu}(?:['’]\p{Lu})?\p{Ll}{1,30}(?:-\p{Lu}\p{Ll}{1,30})?`
const SURNAMES = String.raw`(?:\s(?:(?:de|del|la|las|los|van|von|der|da|di)\s){0,2}${WORD}){0,3}`
const TITLE = String.raw`(?:Mrs|Mr|Ms|Miss|Mx|Dra|Dr|Prof|Sra|Srta|Sr|Don|Doña|Doctor|Doctora|Nurse|Señora|Señor|Enfermer[ao])\.?`
const CALLED = `(?:[Nn]ame(?: is|d)?|[Cc]alled|[Nn]ombre|[Ss]e llama|[Ll]lamad[oa]|[Aa]pellidos?|[Pp]atient|[Pp]aciente)`

/**
 * In this order. Names come last, so that what stands between a name and a date is gone by then. Every repetition has a
 * limit: a text made to be slow is not.
 */
const RULES: readonly Rule[] = [
  { kind: 'EMAIL', pattern: /[\p{L}\p{N}._%+-]{1,64}@[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63}){1,5}/gu },
  { kind: 'URL', pattern: /\bhttps?:\/\/\S{1,2000}/giu },
  {
    kind: 'ID',
    pattern: pattern(
      String.raw`(?<keep>${ID_LABEL}${ID_FILLER})(?=[\p{L}-]{0,8}\d)[\p{L}\p{N}][\p{L}\p{N}/-]{2,30}(?:\s\d{2,4}${END}){0,4}`,
    ),
  },
  {
    kind: 'DATE',
    pattern: pattern(String.raw`(?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2}(?:[T ]\d{1,2}:\d\d(?::\d\d)?(?:\.\d{1,9})?Z?)?`),
  },
  { kind: 'DATE', pattern: pattern(String.raw`\d{1,2}[-/.]\d{1,2}[-/.](?:19|20)?\d\d`) },
  {
    kind: 'DATE',
    pattern: pattern(String.raw`${DAY}\s(?:of\s|de\s)?${MONTH}(?:,?\s(?:of\s|de\s|del\s)?(?:19|20)\d\d)?`),
  },
  { kind: 'DATE', pattern: pattern(String.raw`${MONTH}\s${DAY}(?:,?\s(?:19|20)\d\d)?`) },
  { kind: 'DATE', pattern: pattern(String.raw`${MONTH}\s(?:de\s|del\s)?(?:19|20)\d\d`) },
  { kind: 'ID', pattern: pattern(String.raw`\d{3}-\d{2}-\d{4}`) },
  { kind: 'PHONE', pattern: /(?<![\p{L}\p{N}])\+\d{1,3}(?:[\s.()-]{0,2}\d){6,13}(?!\d)/gu },
  { kind: 'PHONE', pattern: /(?<![\p{L}\p{N}])\(?\d{3}\)?[\s.-]\d{3}[\s.-]\d{3,4}(?![\p{L}\p{N}])/gu },
  {
    kind: 'PHONE',
    pattern: pattern(
      String.raw`(?<keep>(?:tel|tel[ée]fono|tfno|phone|m[óo]vil|mobile|fax|ext)[\s.:]{1,3})\d[\d\s.-]{2,16}\d`,
    ),
  },
  {
    kind: 'ID',
    pattern: pattern(
      String.raw`(?=[\p{L}-]{0,6}\d)(?=(?:[\p{L}-]{0,4}\d){4})[\p{L}]{0,4}-?\d{5,20}(?:-?[\p{L}\d]{1,8})?`,
    ),
  },
  {
    kind: 'AGE',
    pattern: pattern(String.raw`(?:9\d|1[0-2]\d)(?=[\s-]?(?:years?|yrs?|yo|y\/o|a[ñn]os)|\s?[MF]${END})`),
  },
  {
    kind: 'ADDRESS',
    pattern: pattern(
      String.raw`\d{1,5}[A-Za-z]?\s(?:${WORD}\s){1,3}(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Close|Court|Boulevard|Blvd|Square)`,
      'gu',
    ),
  },
  {
    kind: 'ADDRESS',
    pattern: pattern(
      String.raw`(?:[Cc]alle|[Cc]\/|[Aa]venida|[Aa]vda\.?|[Pp]laza|[Pp]aseo)\s?(?:(?:de|del|la|las|los)\s){0,2}${WORD}${SURNAMES}(?:,?\s(?:n[º°]\s?)?\d{1,4})?`,
      'gu',
    ),
  },
  { kind: 'NAME', pattern: pattern(String.raw`(?<keep>${TITLE}\s)${WORD}${SURNAMES}`, 'gu') },
  { kind: 'NAME', pattern: pattern(String.raw`(?<keep>${CALLED}[\s:]{1,3})${WORD}${SURNAMES}`, 'gu') },
  { kind: 'NAME', pattern: pattern(`(?:${GIVEN_NAMES.join('|')})${SURNAMES}`, 'gu') },
]

/**
 * Replaces what looks like a name, a date, an id, an address, a phone number, a high age, by `[NAME]`, `[DATE]` and so
 * on. Patterns miss things: a name without a title that is not in the list, a nickname, a rare disease that says who it
 * is. What it returns is less telling, not anonymous.
 */
export function deidentify(text: string): Deidentified {
  const replaced = Object.fromEntries(KINDS.map((kind) => [kind, 0])) as Record<Kind, number>
  let now = text
  for (const { kind, pattern } of RULES)
    now = now.replace(pattern, (...found) => {
      replaced[kind]++
      const groups: unknown = found.at(-1)
      const keep = typeof groups === 'object' && groups !== null && 'keep' in groups ? groups.keep : ''
      return `${typeof keep === 'string' ? keep : ''}[${kind}]`
    })
  return { text: now, replaced }
}
