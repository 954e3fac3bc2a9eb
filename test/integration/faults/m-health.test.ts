import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startNode } from '../../helpers/process.ts'
import { chatCompletion, closedPort, httpAnswer, type RawCall, startRawServer } from '../../helpers/raw-server.ts'
import { CHAT, CLINICAL, MEDICAL_QA } from '../../helpers/service.ts'
import { clinicalRun, hopsOf, resultIn } from './cases.ts'
import { startTrial } from './oracle.ts'

const SIMULATE = fileURLToPath(new URL('../../../simulator/main.ts', import.meta.url))
const clinical = (timeout_ms: number) => clinicalRun([{ task_id: 'a', agent_type: 'Clinical', timeout_ms }])

/** A simulator of one model in a process of its own, which a test may stop without ending it. */
async function startAlone(model: string) {
  const folder = mkdtempSync(join(tmpdir(), 'roster-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const url = `http://127.0.0.1:${await closedPort()}/v1`
  const roster = { models: [{ id: model, url, gpu: 0, slots: 2 }], agents: { Clinical: { model } } }
  const file = join(folder, 'roster.json')
  writeFileSync(file, JSON.stringify(roster))
  const process = startNode([SIMULATE], { MODELS_FILE: file, SIM_LATENCY_MS: '5' })
  await process.says(new RegExp(url.replace('/v1', '')))
  const inFlight = async (): Promise<unknown> => {
    const answer = await fetch(`${url.replace('/v1', '')}/simulator/ledger`)
    return ((await answer.json()) as { in_flight: unknown }).in_flight
  }
  return { url, process, inFlight }
}

describe('M26 a server whose health is fine and whose inference hangs', () => {
  it('M26 is called unreachable by what calls show, whatever its health says afterwards', async () => {
    const probes: RawCall[] = []
    let hangs = false
    const server = await startRawServer((call) => {
      if (call.path.endsWith('/chat/completions')) {
        if (!hangs) call.socket.write(httpAnswer({ body: chatCompletion({ usage: undefined }) }))
      } else probes.push(call)
    })
    const trial = await startTrial({ servers: { [CHAT]: server.url } })
    expect((await trial.ask(clinicalRun([{ task_id: 'a' }]))).run?.status).toBe('succeeded')
    hangs = true
    const heard = await trial.ask(clinicalRun([{ task_id: 'a', timeout_ms: 200 }]))
    expect(resultIn(heard, 'a').error?.code).toBe('upstream_timeout')
    expect(probes.length, 'it has been asked for its health').toBeGreaterThan(0)
    for (const { socket } of probes) socket.write(httpAnswer({ body: '{"status":"ok","data":[]}' }))
    for (let look = 0; look < 10; look++) expect((await trial.view(CHAT)).reachable).toBe(false)
    expect((await trial.get('/health/ready')).json().degraded).toEqual([CHAT])
  })

  it('M26 stopped by a signal: the fallback takes over, the breaker opens, and it comes back with SIGCONT', async () => {
    const alone = await startAlone(CLINICAL)
    const trial = await startTrial({
      servers: { [CLINICAL]: alone.url },
      env: { BREAKER_COOLDOWN_MS: '300', MODEL_API_KEYS: '{}' },
      simulator: { apiKeys: {} },
    })
    expect(hopsOf(resultIn(await trial.ask(clinical(4000)), 'a'))).toEqual([[CLINICAL, 'ok']])

    alone.process.signal('SIGSTOP')
    for (let count = 0; count < 5; count++)
      expect(hopsOf(resultIn(await trial.ask(clinical(400)), 'a'))).toEqual([
        [CLINICAL, 'upstream_timeout'],
        [MEDICAL_QA, 'ok'],
      ])
    expect(await trial.view(CLINICAL)).toMatchObject({ breaker: 'open', reachable: false })
    const spared = await trial.ask(clinical(4000))
    expect(hopsOf(resultIn(spared, 'a'))).toEqual([
      [CLINICAL, 'breaker_open'],
      [MEDICAL_QA, 'ok'],
    ])

    alone.process.signal('SIGCONT')
    while ((await trial.view(CLINICAL)).breaker === 'open') await setImmediate()
    expect(hopsOf(resultIn(await trial.ask(clinical(4000)), 'a'))).toEqual([[CLINICAL, 'ok']])
    expect(await trial.view(CLINICAL)).toMatchObject({ breaker: 'closed', reachable: true, busy: 0 })
    while ((await alone.inFlight()) !== 0) await setImmediate()
  })
})
