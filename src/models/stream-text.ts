import { cleanText, openEnd } from './clean-text.ts'
import { ThinkFilter, warningsOf } from './think.ts'

/** The text of a streamed answer: what `push` and `end` give, joined, is exactly what the same text would be as a whole. */
export class StreamText {
  readonly #think = new ThinkFilter()
  /** The first half of a character or line end whose second half may be in the next piece. */
  #half = ''
  #content = ''

  get content(): string {
    return this.#content
  }

  get warnings(): readonly string[] {
    return warningsOf(this.#content, this.#think.left_out)
  }

  /** Takes the next piece; gives what of the answer is certain now, '' for nothing. */
  push(piece: string): string {
    const text = this.#half + piece
    this.#half = openEnd(text)
    return this.#take(this.#think.push(text.slice(0, text.length - this.#half.length)))
  }

  /** The rest, once nothing more comes. */
  end(): string {
    const rest = this.#think.push(this.#half)
    return this.#take(rest + this.#think.end())
  }

  #take(text: string): string {
    const clean = cleanText(text)
    this.#content += clean
    return clean
  }
}
