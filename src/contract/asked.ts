import type { ChatMessage } from './chat.ts'
import { isToolResponse } from './tool-calls.ts'

const BEGIN = '<context>'
const END = '</context>'

/** A message without the data that we, and others, put into it. No pattern: one would take its time over a thousand beginnings without an end. */
function withoutData(content: string): string {
  let words = ''
  let at = 0
  for (;;) {
    const begin = content.indexOf(BEGIN, at)
    const end = begin === -1 ? -1 : content.indexOf(END, begin)
    if (end === -1) return words + content.slice(at)
    words += content.slice(at, begin)
    at = end + END.length
  }
}

/**
 * What a conversation asks for: the last words of its user. What tools have answered, and data in `<context>`, say nothing of that;
 * where a conversation holds nothing else its last message is taken.
 */
export function askedIn(messages: readonly ChatMessage[]): string {
  for (let at = messages.length - 1; at >= 0; at--) {
    const { role, content } = messages[at] as ChatMessage
    if (role !== 'user' || isToolResponse(content)) continue
    const words = withoutData(content).trim()
    if (words !== '') return words
  }
  return messages.at(-1)?.content ?? ''
}
