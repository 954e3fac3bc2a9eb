import { Pool } from 'undici'
import { signToken } from '../src/token.ts'
import { BENCH_SECRET } from './secret.ts'
import { requestBodies, type ShapeName } from './shapes.ts'

export type SubjectName = 'consilium' | 'bare'

const token = signToken(BENCH_SECRET, { subject: 'bench', expiresInS: 24 * 3600 })

/** Sends runs of one shape to one subject. */
export class Client {
  readonly #pool: Pool
  readonly #path: string
  readonly #headers: Record<string, string>
  readonly #body: string

  constructor(subject: SubjectName, origin: string, shape: ShapeName, connections: number) {
    this.#pool = new Pool(origin, { connections, headersTimeout: 60_000 })
    this.#path = subject === 'consilium' ? '/v1/workflows/execute' : '/run'
    this.#headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
    this.#body = requestBodies(shape)[subject]
  }

  /** One run; its wall time in ms. Throws when it is not a success: a fast refusal is no result. */
  async run(): Promise<number> {
    const start = performance.now()
    const { statusCode, body } = await this.#pool.request({
      method: 'POST',
      path: this.#path,
      headers: this.#headers,
      body: this.#body,
    })
    const text = await body.text()
    const took = performance.now() - start
    if (statusCode !== 200 || !text.includes('"success":true'))
      throw new Error(`A run failed: ${statusCode} ${text.slice(0, 300)}`)
    return took
  }

  /** `count` runs, `connections` at a time, each starting when another ends. Wall time in ms. */
  async closedLoop(count: number, connections: number): Promise<number> {
    let left = count
    const worker = async () => {
      while (left-- > 0) await this.run()
    }
    const start = performance.now()
    await Promise.all(Array.from({ length: connections }, worker))
    return performance.now() - start
  }

  close(): Promise<void> {
    return this.#pool.destroy()
  }
}
