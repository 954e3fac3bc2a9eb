import type { RunEvent } from '../../../src/contract/events.ts'
import type { ExecuteResponse } from '../../../src/contract/result.ts'
import type { TaskAnswer } from '../../../src/contract/tasks.ts'
import { answerOf } from './answer.ts'

const frame = (event: string, data: unknown): string => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`

/**
 * The events of a run of one task as `metadata`, `content` and `done`, one writer per stream. When an attempt fails after some
 * of its text has gone out, a `content` with `reset: true` says that all text so far is to be dropped.
 */
export class TaskEvents {
  readonly #memory: () => TaskAnswer['memory']
  #heard = false

  /** `memory`: what became of it, asked at the end. */
  constructor(memory: () => TaskAnswer['memory']) {
    this.#memory = memory
  }

  readonly write = (event: RunEvent): string => {
    switch (event.event) {
      case 'run.started': {
        const [task] = event.data.tasks
        return frame('metadata', {
          run_id: event.data.run_id,
          model: task?.planned_model,
          routing: task?.routing ?? null,
        })
      }
      case 'task.delta':
        this.#heard = true
        return frame('content', { delta: event.data.delta })
      case 'task.retried':
        if (!event.data.discard) return ''
        this.#heard = false
        return frame('content', { delta: '', reset: true })
      case 'run.finished':
        return 'results' in event.data ? this.#done(event.data as ExecuteResponse) : frame('done', event.data)
      case 'run.parked':
        return frame('done', event.data)
      default:
        return ''
    }
  }

  #done(response: ExecuteResponse): string {
    const answer = answerOf(response, this.#memory())
    // Not heard while it was written: known from before.
    const content = this.#heard ? '' : frame('content', { delta: answer.content })
    return content + frame('done', answer)
  }
}
