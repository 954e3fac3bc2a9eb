import { GIVEN_NAMES } from './given-names.ts'

/** What a placeholder stands for. */
export const KINDS = ['EMAIL', 'URL', 'ID', 'DATE', 'PHONE', 'AGE', 'ADDRESS', 'NAME'] as const
export type Kind = (typeof KINDS)[number]

interface Identifier {
  kind: Kind
  /** Global. With a group `keep` only what follows that is replaced. */
  pattern: RegExp
}

const START = String.raw`(?<![\p{L}\p{N}])`
const END = String.raw`(?![\p{L}\p{N}])`
const pattern = (source: string, flags = 'giu'): RegExp => new RegExp(`${START}${source}${END}`, flags)

/** What makes the number before it an amount or a clock time. */
const AMOUNT =
  String.raw`(?:\s?(?:%|°|\/)|[.,:]\d|\s?(?:percent|[mkµu]?g|mcg|m?l|dl|lbs?|cm|mm|mmhg|bpm|m?mol|mEq|u|iu|ui|units?|drops?|tab(?:let)?s?|` +
  `h|hrs?|hours?|horas?|min(?:ute)?s?|days?|d[ií]as?|weeks?|semanas?|months?|meses|x|times|veces|degrees|f|c)${END})`

const MONTH =
  '(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|' +
  'nov(?:ember)?|dec(?:ember)?|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|setiembre|octubre|' +
  String.raw`noviembre|diciembre|ene|abr|ago|dic)\.?`
const DAY = String.raw`\d{1,2}(?:st|nd|rd|th|º)?`
/** After a space `50 mg` is a dose, not a year. */
const YEAR = String.raw`(?:[-/.](?:19|20)?\d\d|(?:,?\s(?:of\s|de\s|del\s)?)?(?:19|20)\d\d|(?:\s(?:de\s|del\s)?)?'?\d\d(?!${AMOUNT}))`

const ID_LABEL =
  '(?:mrn|nhs|ssn|dni|nie|nif|cip|nuss|nhc|nss|passport|pasaporte|medicare|medicaid|accession|insurance|policy|p[óo]liza|' +
  String.raw`(?:medical |patient |hospital )?(?:record|patient|case|member|claim)(?= {0,2}(?:no|num|id|#|n[º°])|\s{0,2}#)|` +
  String.raw`historia(?: cl[íi]nica)?(?= {0,2}(?:no|n[uú]m|n[º°]|:|#|\d)))`
const ID_FILLER = String.raw`(?:[\s.:#=-]|number|num|n[uú]mero|n[uú]m|no|id|is|es|n[º°]){0,6}`
/** A unit that is no letter of an id, as the F of `5919 F` may be. */
const DOSE = String.raw`\s?(?:mg|mcg|µg|ml|kg|mmhg|bpm|mmol|iu|ui|units?)${END}`
/** A48213, 12.345.678-Z, then further groups: `943 476 5919`. Not `0.9`, which is an amount. */
const ID_WHOLE =
  String.raw`(?!\d{1,2}\.\d{1,2}(?![\p{L}\p{N}./-]))(?=[\p{L}/.-]{0,8}\d)(?=[\p{L}\p{N}/.-]{3})` +
  String.raw`[\p{L}\p{N}]{1,31}(?:[/.-]{1,2}[\p{L}\p{N}]{1,31}){0,6}(?:\s\p{L}{0,3}\d{2,4}${END}(?!${DOSE})){0,4}`
/** Letters apart from their digits: `AB 12 34`, `AB 1234`. */
const ID_APART = String.raw`(?!(?:in|of|on|at|to|by|for|and|or|de|en|del|el|la|y|a)\s)\p{L}{1,3}(?:(?:\s\d{2,4}${END}){2,5}|\s\d{4,12}${END})(?!${DOSE})`

/** A name as it is written: a capital, then small letters, also O'Brien, McDonald, García-López. */
const CAPITALISED = String.raw`\p{Lu}(?:['’]\p{Lu})?\p{Ll}{1,30}(?:\p{Lu}\p{Ll}{1,30})?`
const WORD = `${CAPITALISED}(?:-${CAPITALISED})?`
const INITIALS = String.raw`(?:\p{Lu}\.[\s-]?){0,3}`
const PARTICLES = String.raw`(?:(?:de|del|la|las|los|van|von|der|den|ter|di|da|du)\s){0,3}(?:[dl]['’]|(?:al|el)-)?`
const SURNAMES = String.raw`(?:\s${INITIALS}${PARTICLES}${WORD}){0,3}`
/** After a word that only a name follows. */
const NAME = String.raw`(?:\p{Lu}\s){0,2}${INITIALS}(?:(?:al|el|bin|ben|do|dos)\s)?${PARTICLES}${WORD}${SURNAMES}`
const TITLE = String.raw`(?:Mrs|Mr|Ms|Miss|Mx|Dra|Dr|Prof|Sra|Srta|Sr|Don|Doña|Doctor|Doctora|Nurse|Señora|Señor|Enfermer[ao])(?:\.\s{0,2}|\s{1,2})`
const CALLED = String.raw`(?:(?:[Nn]ame is|[Nn]amed|[Cc]alled|[Ss]e llama|[Ll]lamad[oa]|[Aa]pellidos?)[\s:]{1,3}|(?:[Nn]ame|[Nn]ombre|[Pp]atient|[Pp]aciente)\s?:\s{0,2})`
const WHOSE = '(?:[Nn]ame|[Nn]ombre|[Pp]atient|[Pp]aciente)'

/** Over 89: who is that old is known by it. */
const OLD = '(?:9[0-9]|1[0-2][0-9])'

/**
 * In this order. Names come late, so that what stands between a name and a date is gone by then. Every repetition has a
 * limit: a text made to be slow is not.
 */
export const IDENTIFIERS: readonly Identifier[] = [
  { kind: 'EMAIL', pattern: /[\p{L}\p{N}._%+-]{1,64}@[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63}){1,5}/gu },
  { kind: 'URL', pattern: /\bhttps?:\/\/\S{1,2000}/giu },
  {
    kind: 'ID',
    pattern: pattern(
      String.raw`(?<keep>(?:DNI|NIE|NIF|dni|nie|nif)[\s.:]{1,3}(?:n[º°]\s?)?)(?:[XYZ][\s-]?)?\d{1,2}[\s.]?\d{3}[\s.]?\d{3}(?:-?[A-Za-z]|\s[A-Z])`,
      'gu',
    ),
  },
  { kind: 'ID', pattern: pattern(String.raw`(?:[XYZ]-?)?\d{1,2}\.?\d{3}\.?\d{3}-?[A-HJ-NP-TV-Z]`, 'gu') },
  { kind: 'ID', pattern: pattern(`(?<keep>${ID_LABEL}${ID_FILLER})(?:${ID_APART}|${ID_WHOLE})`) },
  {
    kind: 'DATE',
    pattern: pattern(String.raw`(?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2}(?:[T ]\d{1,2}:\d\d(?::\d\d)?(?:\.\d{1,9})?Z?)?`),
  },
  { kind: 'DATE', pattern: pattern(String.raw`\d{1,2}[-/.]\d{1,2}[-/.](?:19|20)?\d\d`) },
  {
    kind: 'DATE',
    pattern: pattern(String.raw`${DAY}(?:[-/.]\s?|\s(?:of\s|de\s)?)?${MONTH}${YEAR}`),
  },
  { kind: 'DATE', pattern: pattern(String.raw`${MONTH}[-/](?:\d{1,2}[-/,]\s?)?(?:19|20)?\d\d`) },
  {
    kind: 'DATE',
    pattern: pattern(String.raw`${DAY}[\s/-](?:of\s|de\s)?${MONTH}(?:,?\s(?:of\s|de\s|del\s)?(?:19|20)\d\d)?`),
  },
  { kind: 'DATE', pattern: pattern(String.raw`${MONTH}\s${DAY}(?:,?\s(?:19|20)\d\d)?`) },
  { kind: 'DATE', pattern: pattern(String.raw`${MONTH}\s(?:de\s|del\s)?(?:19|20)\d\d`) },
  { kind: 'ID', pattern: pattern(String.raw`\d{3}-\d{2}-\d{4}`) },
  { kind: 'PHONE', pattern: /(?<![\p{L}\p{N}])\+\d{1,3}(?:[\s.()-]{0,2}\d){6,13}(?!\d)/gu },
  // 00071-0155-23 is a drug's code: with hyphens only from four groups on.
  {
    kind: 'PHONE',
    pattern: /(?<![\p{L}\p{N}])00(?:\s?[1-9](?:[\s.()]{0,2}\d){7,14}|[1-9]\d{0,2}(?:-\d{2,4}){3,5})(?!\d)/gu,
  },
  { kind: 'PHONE', pattern: /(?<![\p{L}\p{N}])\(?\d{3}\)?[\s.-]\d{3}[\s.-]\d{3,4}(?![\p{L}\p{N}])/gu },
  // 91 123 45 67 · 600 12 34 56 · 06 12 34 56 78 · 020 7946 0958
  {
    kind: 'PHONE',
    pattern: pattern(
      String.raw`(?:[89]\d[\s.-]\d{3}(?:[\s.-]\d\d){2}|[6-9]\d\d(?:[\s.-]\d\d){3}|0\d(?:[\s.-]\d\d){4}|0\d{2,4}[\s.-]\d{3,4}[\s.-]\d{3,4})`,
    ),
  },
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
    pattern: pattern(String.raw`${OLD}(?=[\s-]?(?:years?|yrs?|yo|y\/o|a[ñn]os)|\s?[MF]${END})`),
  },
  {
    kind: 'AGE',
    pattern: pattern(
      String.raw`(?<keep>(?:age|aged|edad)(?:\s?\((?:years|yrs|y|a[ñn]os)\))?(?:\s?[:=]\s?|\s(?:of\s|is\s|de\s)?))${OLD}${END}(?!${AMOUNT})`,
    ),
  },
  {
    kind: 'AGE',
    pattern: pattern(
      String.raw`(?<keep>(?:(?:he|she|they|who|patient|pt)(?:\s(?:is|was|are|turned|turns)|['’](?:s|re))|(?:paciente|mujer|var[óo]n)\sde)\s(?:now\s|already\s)?)${OLD}${END}(?!${AMOUNT})`,
    ),
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
  { kind: 'NAME', pattern: pattern(`(?<keep>${TITLE})${NAME}`, 'gu') },
  { kind: 'NAME', pattern: pattern(`(?<keep>${CALLED})${NAME}`, 'gu') },
  { kind: 'NAME', pattern: pattern(String.raw`(?<keep>${WHOSE}[\s:]{1,3})${INITIALS}${WORD}${SURNAMES}`, 'gu') },
  { kind: 'NAME', pattern: pattern(`(?:${GIVEN_NAMES.join('|')})${SURNAMES}`, 'gu') },
  // Mrs [NAME], 95, came in.
  {
    kind: 'AGE',
    pattern: new RegExp(String.raw`(?<keep>\[NAME\](?:,\s|\s\())${OLD}(?=[,);.\s]|$)(?!${AMOUNT})`, 'gu'),
  },
]
