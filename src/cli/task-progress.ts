import { printable } from './printable.ts'
import type { Terminal } from './terminal.ts'

const FRAME_MS = 100

export interface TaskEvent {
  event: string
  data: unknown
}

/** What an event of a task tells, as far as it is needed here. */
export interface Told {
  model?: string
  delta?: string
  reset?: boolean
}

/**
 * One line on a terminal, redrawn while a task goes on: who is at work, how much has come, how long it takes. Nothing of it is
 * left behind. Where nothing can be redrawn, in a pipe or a log, nothing is shown.
 */
export function showTask({ err, liveColumns }: Terminal) {
  const began = performance.now()
  let who = 'choosing a model'
  let chars = 0
  const draw = () => {
    const seconds = ((performance.now() - began) / 1000).toFixed(1)
    const line = `${seconds} s  ${who}${chars === 0 ? '' : `, ${chars} characters so far`}`
    err(`\r${printable(line).slice(0, liveColumns ?? 0)}\u001b[K`)
  }
  const timer = liveColumns === null ? null : setInterval(draw, FRAME_MS)
  return {
    hear: ({ event, data }: TaskEvent): void => {
      const { model, delta = '', reset = false } = data as Told
      if (event === 'metadata') who = `${model ?? 'a model'} is at work`
      if (event === 'content') chars = reset ? 0 : chars + delta.length
    },
    end: (): void => {
      if (timer === null) return
      clearInterval(timer)
      err('\r\u001b[K')
    },
  }
}
