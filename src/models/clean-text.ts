/** C0 and C1 control characters but line feed, tab and the carriage return of a line end. */
const CONTROL = /(?!\r\n|[\n\t])\p{Cc}/gu
/** Characters that make a viewer show text in another order than it stands: a dose could read as another one. */
const REORDERING = /[\u202a-\u202e\u2066-\u2069]/g

/** Finds quickly that there is nothing to replace, as in nearly every answer; may find too much. */
const SUSPICIOUS = /[^\n\t\x20-\x7e\u00a0-\u2029\u202f-\u2065\u206a-\ud7ff\ue000-\uffff]/

/**
 * A model's text without what cannot be stored (lone surrogates, NUL) and what deceives whoever reads it (other control
 * characters, marks that override the order of characters). U+FFFD shows where each stood.
 */
export const cleanText = (text: string): string =>
  SUSPICIOUS.test(text) ? text.toWellFormed().replace(CONTROL, '\uFFFD').replace(REORDERING, '\uFFFD') : text

/** What of a text may turn out otherwise once more of it comes: half a character, or half a line end. */
export function openEnd(text: string): string {
  const unit = text.charCodeAt(text.length - 1)
  return unit === 0x0d || (unit >= 0xd800 && unit <= 0xdbff) ? text.slice(-1) : ''
}

/** The warning for a text that holds U+FFFD, whoever put it there; null for one that does not. */
export const replacedIn = (text: string): string | null => (text.includes('\uFFFD') ? REPLACED : null)

const REPLACED =
  'The answer holds U+FFFD (\uFFFD) where a character was invalid, a control character, or one that turns the reading order round. Something may be missing there.'
