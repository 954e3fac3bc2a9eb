import type { Range } from './paragraphs.ts'
import { signatureOf } from './signature.ts'
import { headingsAgree, headingsOver, headingWords } from './subheading.ts'
import { saySame, type Wording, wordingOf } from './wording.ts'

/** One agent's text, cut into paragraphs. */
export interface Answer {
  agent: string
  /** The heading that it stands under in the document. */
  label: string
  text: string
  paragraphs: readonly Range[]
  /** Read when first needed: per paragraph, the one that ends with its heading. */
  headings: Int32Array | null
}

export interface Paragraph {
  answer: Answer
  at: number
  /** Read when first needed. */
  wording: Wording | null
}

/** Shorter paragraphs are headings, labels and one-word findings: they repeat without being duplicates. */
export const MIN_WORDS = 8

const rangeOf = ({ answer, at }: Paragraph): Range => answer.paragraphs[at] as Range

function headingOver({ answer, at }: Paragraph): string {
  answer.headings ??= headingsOver(answer.text, answer.paragraphs)
  return headingWords(answer.text, answer.paragraphs[answer.headings[at] as number])
}

/** Remembers the paragraphs that stay in a document and finds the one that already says what another says. */
export class Kept {
  /** The only paragraph of a signature so far, or null once its paragraphs are told apart by wording. */
  readonly #bySignature = new Map<number, Paragraph | null>()
  /** By wording; at most one paragraph of each agent, so that no list grows with the run. */
  readonly #byWording = new Map<string, Paragraph[]>()
  /** By exact text: duplicates are mostly copies, and reading one costs a hundred look-ups. */
  readonly #wordings = new Map<string, Wording>()

  /** The earlier paragraph of another agent that says the same; or null, and the given one is remembered. */
  originalOf(paragraph: Paragraph): Paragraph | null {
    const { start, end } = rangeOf(paragraph)
    const signature = signatureOf(paragraph.answer.text, start, end)
    const alone = this.#bySignature.get(signature)
    if (alone === undefined) {
      this.#bySignature.set(signature, paragraph)
      return null
    }
    if (alone !== null) {
      this.#remember(alone)
      this.#bySignature.set(signature, null)
    }
    const original = this.#find(paragraph)
    if (!original) this.#remember(paragraph)
    return original
  }

  #wordingIn(paragraph: Paragraph): Wording {
    if (paragraph.wording !== null) return paragraph.wording
    const { start, end } = rangeOf(paragraph)
    const text = paragraph.answer.text.slice(start, end)
    const wording = this.#wordings.get(text) ?? wordingOf(text)
    this.#wordings.set(text, wording)
    paragraph.wording = wording
    return wording
  }

  #find(paragraph: Paragraph): Paragraph | null {
    const wording = this.#wordingIn(paragraph)
    if (wording.size < MIN_WORDS) return null
    const isOriginal = (earlier: Paragraph): boolean =>
      earlier.answer.agent !== paragraph.answer.agent &&
      saySame(this.#wordingIn(earlier), wording) &&
      headingsAgree(headingOver(earlier), headingOver(paragraph))
    return this.#byWording.get(wording.key)?.find(isOriginal) ?? null
  }

  #remember(paragraph: Paragraph): void {
    const { key } = this.#wordingIn(paragraph)
    const same = this.#byWording.get(key)
    if (!same) this.#byWording.set(key, [paragraph])
    else if (!same.some(({ answer }) => answer.agent === paragraph.answer.agent)) same.push(paragraph)
  }
}
