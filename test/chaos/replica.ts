import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Finding, readFinding } from './findings.ts'

const SERVER = fileURLToPath(new URL('../../src/server.ts', import.meta.url))
const TAIL = 20_000

/** One process of the service at a fixed address, started and ended again and again. */
export class Replica {
  readonly name: string
  readonly origin: string
  /** Ends that nobody asked for, each with what the process said last. */
  readonly crashes: string[] = []
  /** What its processes said of the lanes that they share, in order. */
  readonly findings: Finding[] = []
  readonly #env: Record<string, string>
  #child: ChildProcess | null = null
  #ended: Promise<void> = Promise.resolve()
  #asked = false
  #life = 0
  #closed = false
  #said = ''

  constructor(name: string, port: number, env: Record<string, string>) {
    this.name = name
    this.origin = `http://127.0.0.1:${port}`
    this.#env = { PATH: process.env.PATH ?? '', PORT: `${port}`, ...env }
    process.on('exit', this.#kill)
  }

  /** Whatever ends the suite ends the service. */
  readonly #kill = () => void this.#child?.kill('SIGKILL')

  /** What the process said last. */
  get said(): string {
    return this.#said
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  start(): void {
    if (this.#closed) throw new Error(`${this.name} is closed`)
    const child = spawn(process.execPath, [SERVER], { env: this.#env, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    this.#asked = false
    const life = ++this.#life
    this.#note(life, 'started')
    createInterface(child.stdout).on('line', (line) => {
      const finding = readFinding(line)
      if (finding !== null) this.findings.push({ replica: this.name, life, ...finding })
    })
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#said = (this.#said + text).slice(-TAIL)
      })
    this.#ended = once(child, 'exit').then(([code, signal]) => {
      this.#note(life, 'ended')
      if (!this.#asked) this.crashes.push(`${this.name} ended with ${code ?? signal}: ${this.#said.slice(-2000)}`)
      this.#child = null
    })
  }

  #note(life: number, what: 'started' | 'ended'): void {
    this.findings.push({ replica: this.name, life, at: performance.now(), what })
  }

  /** Resolves with the ms it took until readiness was answered with 200; null when that took longer than `patience_ms`. */
  async ready(patience_ms = 60_000): Promise<number | null> {
    const began = performance.now()
    while (performance.now() - began < patience_ms) {
      const status = await fetch(`${this.origin}/health/ready`, { signal: AbortSignal.timeout(3000) }).then(
        async (response) => {
          await response.body?.cancel()
          return response.status
        },
        () => null,
      )
      if (status === 200) return performance.now() - began
      await pause(20)
    }
    return null
  }

  /** Ends it by this signal; resolves when it is gone. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.#asked = true
    this.#child?.kill(signal)
    await this.#ended
  }

  /** Ends it for good. */
  async close(): Promise<void> {
    this.#closed = true
    await this.end('SIGKILL')
    process.off('exit', this.#kill)
  }

  freeze(): void {
    this.#child?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child?.kill('SIGCONT')
  }
}
