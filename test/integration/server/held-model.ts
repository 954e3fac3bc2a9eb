import { builtinRoster } from '../../../src/models/builtin-roster.ts'
import { chatCompletion, httpAnswer, type RawCall, startRawServer } from '../../helpers/raw-server.ts'

export interface HeldModel {
  /** Points every model of the built-in roster here. */
  env: { MODEL_PORTS: string }
  /** The nth completion asked for, from 0, as soon as it is there. It is answered when the test says so. */
  asked: (index: number) => Promise<RawCall>
  /** Completions asked for so far. */
  count: () => number
}

/** A model server that answers probes at once and a completion when told to. Ends with the test. */
export async function startHeldModel(): Promise<HeldModel> {
  const held: PromiseWithResolvers<RawCall>[] = []
  const slot = (index: number) => {
    while (held.length <= index) held.push(Promise.withResolvers())
    return held[index] as PromiseWithResolvers<RawCall>
  }
  let count = 0
  const { port } = await startRawServer((call) => {
    if (call.path.endsWith('/chat/completions')) slot(count++).resolve(call)
    else if (call.path.endsWith('/models')) call.socket.write(httpAnswer({ body: '{"object":"list","data":[]}' }))
    else call.socket.write(httpAnswer({ status: 404 }))
  })
  const ports = Object.fromEntries(builtinRoster.models.map(({ id }) => [id, `http://127.0.0.1:${port}/${id}/v1`]))
  return { env: { MODEL_PORTS: JSON.stringify(ports) }, asked: (index) => slot(index).promise, count: () => count }
}

export const answer = (call: RawCall, content = 'An answer.'): void =>
  void call.socket.write(httpAnswer({ body: chatCompletion({ content }) }))

/** Fails a completion in a way that is not tried again. */
export const refuse = (call: RawCall): void => void call.socket.write(httpAnswer({ status: 400 }))
