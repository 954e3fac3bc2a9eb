import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Outlook } from '../../../src/archive/outlook.ts'
import { StoreError } from '../../../src/store/errors.ts'
import type { Progress } from '../../../src/store/records.ts'

const progressOf = (run_id: string, given: Partial<Progress> = {}): Progress => ({
  tenant: 't',
  run_id,
  last_event_id: 3,
  finished_at: null,
  ...given,
})

/** An outlook over a store in which these runs are. */
function outlookOver(runs: Progress[]) {
  const progress = vi.fn(async (asked: readonly { run_id: string }[]) =>
    runs.filter(({ run_id }) => asked.some((one) => one.run_id === run_id)),
  )
  const outlook = new Outlook({ progress })
  const waits = (run_id: string, known = 3) => {
    const wake = vi.fn()
    return { wake, stop: outlook.wait({ tenant: 't', run_id, known, wake }) }
  }
  return { progress, waits }
}

describe('looking out for those who watch', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('asks once a second, however many watch and however many of them the same run', async () => {
    const { progress, waits } = outlookOver(['a', 'b'].map((id) => progressOf(id)))
    for (let n = 0; n < 20; n++) waits(n % 2 === 0 ? 'a' : 'b')
    await vi.advanceTimersByTimeAsync(3000)
    expect(progress).toHaveBeenCalledTimes(3)
    expect(progress.mock.calls[0]?.[0]).toHaveLength(2)
  })

  it('wakes those whose run has told more, has ended or is gone, and nobody else', async () => {
    const { waits } = outlookOver([progressOf('more'), progressOf('ended', { finished_at: 5 }), progressOf('same')])
    const [more, ended, gone, same] = [waits('more', 2), waits('ended'), waits('gone'), waits('same')]
    await vi.advanceTimersByTimeAsync(1000)
    for (const { wake } of [more, ended, gone]) expect(wake).toHaveBeenCalledOnce()
    expect(same.wake).not.toHaveBeenCalled()
  })

  it('asks nothing while nobody watches, and one question a second after all have come back during a question', async () => {
    const { progress, waits } = outlookOver([progressOf('a')])
    const asked = Promise.withResolvers<Progress[]>()
    progress.mockImplementationOnce(() => asked.promise)
    const first = waits('a')
    await vi.advanceTimersByTimeAsync(1000)
    first.stop()
    const second = waits('a')
    asked.resolve([])
    await vi.advanceTimersByTimeAsync(2000)
    expect(progress).toHaveBeenCalledTimes(3)
    second.stop()
    await vi.advanceTimersByTimeAsync(5000)
    expect(progress).toHaveBeenCalledTimes(3)
  })

  it('asks again when the store is away, and leaves what does not pass to those who watch', async () => {
    const { progress, waits } = outlookOver([progressOf('a')])
    progress.mockRejectedValueOnce(new StoreError('unavailable', 'gone'))
    progress.mockRejectedValueOnce(new StoreError('corrupt', 'broken'))
    const { wake } = waits('a')
    await vi.advanceTimersByTimeAsync(1000)
    expect(wake).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1000)
    expect(wake).toHaveBeenCalledOnce()
  })
})
