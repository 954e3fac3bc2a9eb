import { describe, expect, it } from 'vitest'
import type { Fault } from '../../../simulator/faults.ts'
import { httpAnswer } from '../../helpers/raw-server.ts'
import { CHAT } from '../../helpers/service.ts'
import { expectFailure, faultFails, pair } from './cases.ts'
import { startTrial } from './oracle.ts'

const MEGABYTE = 2 ** 20

describe('M12 an answer without measure', () => {
  it.each(['length', 'chunked'] as const)('M12 a gigabyte (%s) is cut at the cap, asked for once', async (framing) => {
    const { trial } = await faultFails({ kind: 'huge', megabytes: 1024, framing }, 'response_too_large', 1)
    await trial.server(CHAT).ledger.idle()
    expect(trial.server(CHAT).ledger.aborted).toBe(1)
  })

  it.each(['length', 'chunked'] as const)(
    'M12 the smallest that a demo can ask for (%s) is too large',
    async (framing) => {
      await faultFails({ kind: 'huge', megabytes: 4, framing }, 'response_too_large', 1)
    },
  )

  it('M12 four gigabytes at once take no memory to speak of', async () => {
    const trial = await startTrial()
    const fault: Fault = { kind: 'huge', megabytes: 1024, framing: 'chunked' }
    trial.server(CHAT).setFaults(() => fault)
    await trial.ask(pair())
    const before = process.memoryUsage.rss()
    let most = before
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage.rss())
    }, 1)
    for (let count = 0; count < 4; count++) await expectFailure(trial, 'response_too_large', 1)
    clearInterval(watch)
    expect(Math.max(most, process.memoryUsage.rss()) - before).toBeLessThan(50 * MEGABYTE)
  })

  it.each<[string, Fault]>([
    ['a gzip bomb', { kind: 'huge', megabytes: 64, framing: 'gzip' }],
    ['gzip that nobody asked for', { kind: 'gzip' }],
    [
      'six encodings on top of each other',
      {
        kind: 'raw',
        bytes: httpAnswer({
          headers: { 'content-encoding': Array(6).fill('gzip').join(', ') },
          body: 'x'.repeat(1000),
        }).toString('latin1'),
      },
    ],
  ])('M12 %s is not unpacked', async (_, fault) => {
    const before = process.memoryUsage().arrayBuffers
    await faultFails(fault, 'bad_upstream_response', 1)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50 * MEGABYTE)
  })
})
