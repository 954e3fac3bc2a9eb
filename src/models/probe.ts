import type { CancelSignal } from '../contract/cancel.ts'
import { readFacts } from './facts.ts'
import type { ModelServer } from './server.ts'
import { differs } from './slots.ts'

/** Takes a finding about a server: ids and numbers only. */
export type ProbeLog = (finding: {
  model: string
  finding: 'smaller_context' | 'slots_differ' | 'slots_learned' | 'reachable' | 'unreachable'
  /** By the roster. */
  listed?: number
  /** By the server's own word. */
  served?: number
}) => void

export interface ProbeOptions {
  log: ProbeLog
  /** OLLAMA_NUM_PARALLEL; null when it is not set. */
  ollama_parallel: number | null
  /** For all that is asked in one look, in ms. @default 2000 */
  patience_ms?: number
}

const NEVER: CancelSignal = { cancelled: false, onCancel: () => () => undefined }

/** Looks at a server: is it there, and, when that is due, what does it tell about itself? Never rejects. */
export async function probe(server: ModelServer, { log, ollama_parallel, patience_ms = 2000 }: ProbeOptions) {
  const { client, model } = server
  const deadline = performance.now() + patience_ms
  const answers = await client.answers(deadline, NEVER)
  if (answers === null) return
  // A frozen process says nothing until the time is over; one that ended or loads its model says no at once.
  const gone = !answers && performance.now() < deadline - patience_ms / 2
  // A call may have found the same while we waited, and said so.
  if (server.probed(answers, gone)) log({ model: model.id, finding: server.reachable ? 'reachable' : 'unreachable' })
  if (!server.reachable || !server.factsDue) return

  const knew = server.slots.told?.count
  const facts = await readFacts(client, { deadline, cancel: NEVER, ollama_parallel })
  server.told(facts, performance.now() < deadline)
  const served = client.facts.context_window
  if (
    served !== null &&
    model.context_window !== null &&
    served < model.context_window &&
    server.isNews(`context ${served}`)
  )
    log({ model: model.id, finding: 'smaller_context', listed: model.context_window, served })
  const { told, count, source } = server.slots
  if (told === null || told.count === knew) return
  if (model.slots !== null && differs(model.slots, told) && server.isNews(`slots ${told.count}`))
    log({ model: model.id, finding: 'slots_differ', listed: model.slots, served: told.count })
  if (source !== 'roster') log({ model: model.id, finding: 'slots_learned', served: count })
}
