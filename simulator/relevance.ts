import type { Fact, Heading } from './prompt.ts'

const DOSE = /\b\d+(?:[.,]\d+)?\s?(?:mg|g|ug|mcg|mL|units?)\b(?!\/)/
const VALUE = /\d\s?(?:mg\/dL|g\/dL|mmol\/L|ug\/dL|[np]g\/m?L|fL|%|x10)/

/** What a heading is about → what a fact about it looks like, where shared words do not show it. */
const HINTS: readonly (readonly [heading: RegExp, fact: RegExp])[] = [
  [/medication|drug|dose|quantity|interaction/i, DOSE],
  [/follow|monitor|recommend/i, /follow|clinic\b|weeks|repeat|monitor|pending/i],
  [/abnormal|value|evidence/i, VALUE],
  [/diagnos|indication|icd/i, /diagnos|\bICD|failure|disease|diabetes|radiculopathy|pneumon|fibrillation|complaint/i],
  [/prognos|outcome/i, /at discharge|walks|improv|stable/i],
  [/course|treatment|assessment|finding|significance|impression/i, /course|\bIV\b|oxygen|examin|x-ray|\bECG\b|defect/i],
  [/procedure|cpt|service/i, /\bCPT|\bMRI|procedure|placement|monitoring|oxygen/i],
  [/demographic|patient/i, /\b(?:male|female|years|born|member|insurer|plan)\b/i],
]

const COMMON = new Set(
  'what with from that this each where under other data patient documented stated given them they'.split(' '),
)

/** Words of four letters and more by their first five letters, so that "diagnosis" meets "diagnoses". */
function stems(text: string): Set<string> {
  const words = text.toLowerCase().match(/[a-z]{4,}/g) ?? []
  return new Set(words.filter((word) => !COMMON.has(word)).map((word) => word.slice(0, 5)))
}

interface Topic {
  /** Stem → what it is worth. */
  words: ReadonlyMap<string, number>
  hints: readonly RegExp[]
}

/** A word that many titles share says little about each of them. */
function topicsOf(headings: readonly Heading[]): Topic[] {
  const titles = headings.map(({ title }) => stems(title))
  const worth = (stem: string): number => 3 / titles.filter((title) => title.has(stem)).length
  return headings.map(({ title, wish }, at) => ({
    words: new Map([
      ...[...stems(wish)].map((stem) => [stem, 1] as const),
      ...[...(titles[at] ?? [])].map((stem) => [stem, worth(stem)] as const),
    ]),
    hints: HINTS.filter(([heading]) => heading.test(title)).map(([, fact]) => fact),
  }))
}

function score({ words, hints }: Topic, { source, text }: Fact): number {
  let points = hints.some((hint) => hint.test(text)) ? 2 : 0
  for (const stem of stems(`${source.replaceAll('_', ' ')} ${text}`)) points += words.get(stem) ?? 0
  return points
}

interface Placed {
  fact: Fact
  points: number
  at: number
}

function best(placed: readonly Placed[], room: number): Fact[] {
  const chosen = placed.toSorted((a, b) => b.points - a.points || a.at - b.at).slice(0, room)
  return chosen.sort((a, b) => a.at - b.at).map(({ fact }) => fact)
}

/**
 * Places each fact under the heading that it shares most with; each heading keeps its best `room` facts in their order.
 * A fact that shares nothing with any heading goes under the first one: better there than where it would mean something
 * that it does not say.
 */
export function place(facts: readonly Fact[], headings: readonly Heading[], room: number): Fact[][] {
  const topics = topicsOf(headings)
  const placed: Placed[][] = headings.map(() => [])
  for (const [at, fact] of facts.entries()) {
    let where = 0
    let points = 0
    for (const [heading, topic] of topics.entries()) {
      const given = score(topic, fact)
      if (given > points) [where, points] = [heading, given]
    }
    placed[where]?.push({ fact, points, at })
  }
  return placed.map((list) => best(list, room))
}
