import type { Evidence } from './evidence.ts'

/** A passage that an answer cites, and where it can be looked up. */
export interface Citation {
  evidence_id: string
  document_id: string
  source: string
  title: string
  passage: number
  score: number
}

export interface Citations {
  /** In the order in which the answer names them first. */
  cited: Citation[]
  /** Ids that the answer cites and that nobody gave it. */
  unknown: string[]
}

// [E1], [E1, E2], [E1 E2]; what stands in other brackets is the answer's own.
const BRACKETS = /\[([^[\]\n]{2,200})\]/g
const ID = /^E\d{1,6}$/i

function idsIn(answer: string): Set<string> {
  const ids = new Set<string>()
  for (const [, inside = ''] of answer.matchAll(BRACKETS)) {
    const parts = inside.split(/[\s,;]+/).filter(Boolean)
    if (parts.every((part) => ID.test(part))) for (const part of parts) ids.add(part.toUpperCase())
  }
  return ids
}

/** Which of the evidence that it was given an answer cites. It says nothing about whether the passage bears the claim out. */
export function citationsOf(answer: string, evidence: readonly Evidence[]): Citations {
  const cited: Citation[] = []
  const unknown: string[] = []
  for (const evidence_id of idsIn(answer)) {
    const one = evidence.find((each) => each.evidence_id === evidence_id)
    if (one === undefined) unknown.push(evidence_id)
    else {
      const { id: document_id, source, title, position: passage, score } = one
      cited.push({ evidence_id, document_id, source, title, passage, score })
    }
  }
  return { cited, unknown }
}
