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
  title: Set<string>
  wish: Set<string>
  hints: readonly RegExp[]
}

const topicOf = ({ title, wish }: Heading): Topic => ({
  title: stems(title),
  wish: stems(wish),
  hints: HINTS.filter(([heading]) => heading.test(title)).map(([, fact]) => fact),
})

function score(topic: Topic, fact: Fact): number {
  let points = topic.hints.some((hint) => hint.test(fact.text)) ? 2 : 0
  for (const stem of stems(`${fact.source.replaceAll('_', ' ')} ${fact.text}`)) {
    if (topic.title.has(stem)) points += 3
    else if (topic.wish.has(stem)) points += 1
  }
  return points
}

/**
 * Places each fact under the heading that it shares most with, at most `room` under each. A fact that shares nothing
 * with any heading is left out: better a part that says "not stated" than a fact in the wrong place.
 */
export function place(facts: readonly Fact[], headings: readonly Heading[], room: number): Fact[][] {
  const topics = headings.map(topicOf)
  const placed: Fact[][] = headings.map(() => [])
  for (const fact of facts) {
    let best: Fact[] | undefined
    let most = 0
    for (const [at, topic] of topics.entries()) {
      const points = score(topic, fact)
      const list = placed[at]
      if (points <= most || list === undefined || list.length >= room) continue
      best = list
      most = points
    }
    best?.push(fact)
  }
  return placed
}
