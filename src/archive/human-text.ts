import type { ApprovalDecision } from '../contract/approval.ts'
import { type FieldError, Problem } from '../errors.ts'
import { cleanText } from '../models/clean-text.ts'

const named = (character: string): string => `U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`

/** Where a text has what a model's answer may not have, in UTF-16 units; -1: nowhere. */
function firstUnclean(text: string): number {
  const clean = cleanText(text)
  if (clean === text) return -1
  // One for one: both are of one length.
  for (let at = 0; at < text.length; at++) if (text[at] !== clean[at]) return at
  return -1
}

function faultOf(field: string, text: string): FieldError[] {
  const at = firstUnclean(text)
  if (at < 0) return []
  const before = text.slice(0, at)
  const lines = before.split('\n')
  const column = [...(lines.at(-1) ?? '')].length + 1
  const place = `as character ${[...before].length + 1} (line ${lines.length}, column ${column})`
  const why = 'a control character, half of a pair, or one that changes the order in which text is read: take it out'
  return [{ field, message: `holds ${named(text.charAt(at))} ${place}: ${why}` }]
}

/**
 * Throws a Problem (`invalid_request`) that names the first character of each text of a human which an answer of a model may not
 * hold either (ADR 0019), with its place, counted in characters from 1. It is not replaced as there: nobody but they may change
 * what they vouch for. A carriage return in `content` is a line end of their editor.
 */
export function checkHumanText({ content = '', comment = '' }: Pick<ApprovalDecision, 'content' | 'comment'>): void {
  // Of the same length, so that places stay.
  const edited = content.replaceAll(/\r(?!\n)/g, '\n')
  const errors = [...faultOf('content', edited), ...faultOf('comment', comment)]
  if (errors.length === 0) return
  throw new Problem('invalid_request', 'The text holds a character that may not stand in it; see errors.', { errors })
}
