import type { ChatMessage, Sampling, Tools } from '../contract/chat.ts'

/** The messages before the last one, and what else a call says to its server. */
export interface Chat {
  /** The messages before the last one as JSON, each with a comma behind it; empty when there are none. */
  before_json: string
  /** Members for the body of the request beyond the usual ones, as JSON, each with a comma before it. */
  further_json: string
  /** The model may answer by calling a tool. */
  tools: boolean
  /** What the model writes to itself stays in the text. @default false */
  thinking?: boolean
}

export interface ChatWishes {
  sampling?: Sampling | undefined
  tools?: Tools | undefined
  thinking?: boolean | undefined
}

/** Prepares what goes before a user's message, and what the call says besides. */
export function readChat(before: readonly ChatMessage[], { sampling = {}, tools, thinking }: ChatWishes): Chat {
  let further_json = ''
  for (const [key, value] of Object.entries({ ...sampling, tools }))
    if (value !== undefined) further_json += `,${JSON.stringify(key)}:${JSON.stringify(value)}`
  return {
    before_json: before.map((message) => `${JSON.stringify(message)},`).join(''),
    further_json,
    tools: tools !== undefined,
    ...(tools !== undefined && thinking === true && { thinking }),
  }
}
