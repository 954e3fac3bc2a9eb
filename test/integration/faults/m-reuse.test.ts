import { describe, expect, it } from 'vitest'
import { chatCompletion, httpAnswer, type RawCall, type RawHandler, startRawServer } from '../../helpers/raw-server.ts'
import { CHAT } from '../../helpers/service.ts'
import { clinicalRun, resultIn } from './cases.ts'
import { SERVER_WORDS, startTrial, type Trial } from './oracle.ts'

/** Whom the prompt is about, as the oracle of whose answer it is. */
const patientOf = ({ body }: RawCall): string => /patient-\d+/.exec(body)?.[0] ?? 'nobody'
const answer = (content: string, headers: Record<string, string> = {}): Buffer =>
  httpAnswer({ headers: { connection: 'keep-alive', ...headers }, body: chatCompletion({ content }) })
const about = (n: number) =>
  clinicalRun([{ task_id: 'a', prompt: `How is patient-${n} today? Answer in a sentence.`, timeout_ms: 5000 }])

/** A trial whose Chat server does this to inference calls; it answers everything else 404. */
async function against(infer: RawHandler) {
  const server = await startRawServer((call) => {
    if (call.method === 'POST' && call.path.endsWith('/chat/completions')) infer(call)
    else call.socket.end(httpAnswer({ status: 404 }))
  })
  const inferences = () => server.calls.filter(({ path }) => path.endsWith('/chat/completions'))
  return { trial: await startTrial({ servers: { [CHAT]: server.url } }), inferences }
}

async function contentOf(trial: Trial, n: number): Promise<string | null> {
  return resultIn(await trial.ask(about(n)), 'a').content
}

describe('M17 a connection that is used again', () => {
  it('M17 and reset just then: the task does not notice, time after time', async () => {
    const seen = new Set<RawCall['socket']>()
    const { trial, inferences } = await against((call) => {
      if (seen.has(call.socket)) call.socket.resetAndDestroy()
      else call.socket.write(answer(patientOf(call)))
      seen.add(call.socket)
    })
    for (let n = 0; n < 12; n++) expect(await contentOf(trial, n)).toBe(`patient-${n}`)
    expect(inferences().length, 'the server did reset reused connections').toBeGreaterThan(12)
    expect((await trial.view(CHAT)).breaker).toBe('closed')
  })

  it('M17 and closed in good order while idle: every call goes out once', async () => {
    const { trial, inferences } = await against((call) =>
      call.socket.write(answer(patientOf(call)), () => call.socket.end()),
    )
    for (let n = 0; n < 12; n++) expect(await contentOf(trial, n)).toBe(`patient-${n}`)
    expect(inferences()).toHaveLength(12)
  })

  const ROGUE = answer(SERVER_WORDS)
  it.each<[string, (call: RawCall) => void]>([
    ['in one go with the first', (call) => call.socket.write(Buffer.concat([answer(patientOf(call)), ROGUE]))],
    [
      'while the connection is idle',
      (call) => call.socket.write(answer(patientOf(call)), () => call.socket.write(ROGUE)),
    ],
    ['only after the next call has arrived', (call) => call.socket.write(answer(patientOf(call)))],
  ])('M17 with an answer that nobody asked for, %s: no other task is given it', async (when, first) => {
    const late = when.startsWith('only')
    const { trial, inferences } = await against((call) => {
      if (inferences().length === 1) first(call)
      else {
        const [before] = inferences()
        if (late && before?.socket !== call.socket && before?.socket.writable) before.socket.write(ROGUE)
        call.socket.write(answer(patientOf(call)))
      }
    })
    for (let n = 0; n < 4; n++) expect(await contentOf(trial, n)).toBe(`patient-${n}`)
    const crowd = await Promise.all([4, 5, 6, 7].map((n) => contentOf(trial, n)))
    expect(crowd).toEqual(['patient-4', 'patient-5', 'patient-6', 'patient-7'])
  })
})

describe('M21 the answer to another request', () => {
  it('M21 cannot come by a mix-up of ours: calls in flight never share a connection', async () => {
    const open: RawCall[] = []
    const { trial } = await against((call) => {
      open.push(call)
      if (open.length < 4) return
      expect(new Set(open.map(({ socket }) => socket)).size).toBe(4)
      for (const one of open.splice(0).reverse()) one.socket.write(answer(patientOf(one)))
    })
    for (let round = 0; round < 4; round++) {
      const patients = [0, 1, 2, 3].map((n) => round * 4 + n)
      const answers = await Promise.all(patients.map((n) => contentOf(trial, n)))
      expect(answers).toEqual(patients.map((n) => `patient-${n}`))
    }
  })

  it('M21 of a server that calls its model by another name is taken: servers name a file there', async () => {
    const { trial } = await against((call) =>
      call.socket.write(
        httpAnswer({ body: chatCompletion({ content: 'Well.' }).replace('{', '{"model":"/models/q4.gguf",') }),
      ),
    )
    expect(await contentOf(trial, 1)).toBe('Well.')
  })
})
