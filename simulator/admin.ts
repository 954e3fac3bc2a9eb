import type { Fault, FaultScript, FaultSource } from './faults.ts'
import type { Ledger } from './ledger.ts'
import { parseFault } from './parse-fault.ts'
import { isObject, parseJson } from './request.ts'

/** What a POST to /simulator/faults asks for: a script, or the port closed at once. */
export type Order = { script: FaultScript } | { refuse_ms: number }

const HELP = 'Send a fault, a list of faults (null lets a request pass, [] ends all), or {"always": fault}'

function parseList(given: readonly unknown[]): Order | string {
  const script: (Fault | null)[] = []
  for (const item of given) {
    const fault = item === null ? null : parseFault(item)
    if (typeof fault === 'string') return fault
    script.push(fault)
  }
  return { script }
}

/** Reads the body of a POST to /simulator/faults, or says in one sentence what is wrong with it. */
export function parseOrder(body: string): Order | string {
  const given = parseJson(body)
  if (Array.isArray(given)) return parseList(given)
  if (!isObject(given)) return HELP
  if (!('always' in given)) {
    const fault = parseFault(given)
    if (typeof fault === 'string') return `${fault}. ${HELP}`
    // A user who breaks a running demo expects the port to be closed now, not at the next request.
    return fault.kind === 'refuse' ? { refuse_ms: fault.for_ms } : { script: [fault] }
  }
  const fault = parseFault(given.always)
  return typeof fault === 'string' ? fault : { script: () => fault }
}

/** GET /simulator/ledger: counts only, never a prompt. */
export const counts = (model: string, ledger: Ledger, faults: FaultSource) => ({
  model,
  received: ledger.received,
  in_flight: ledger.inFlight,
  max_in_flight: ledger.maxInFlight,
  aborted: ledger.aborted,
  faults_left: faults.left() ?? 'always',
})
