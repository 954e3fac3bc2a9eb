import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

interface Usage {
  rss: number
  cpu: { user: number; system: number }
}

/** A process of the bench, asked over IPC; ended with the bench. */
export class BenchProcess {
  readonly #child: ChildProcess
  readonly ports: readonly number[]

  private constructor(child: ChildProcess, ports: readonly number[]) {
    this.#child = child
    this.ports = ports
  }

  /** Starts a file of bench/ and waits until it says where it listens. `env`: added to the bench's own. */
  static async start(
    file: string,
    args: readonly (string | number)[],
    flags: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
  ): Promise<BenchProcess> {
    const child = fork(new URL(file, import.meta.url), args.map(String), {
      execArgv: [...flags],
      env: { ...process.env, ...env },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    const [message] = (await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(() => Promise.reject(new Error(`${file} ended before it listened`))),
    ])) as [{ port?: number; ports?: number[] }]
    return new BenchProcess(child, message.ports ?? [message.port as number])
  }

  get origin(): string {
    return `http://127.0.0.1:${this.ports[0]}`
  }

  async usage(): Promise<Usage> {
    this.#child.send('usage')
    const [{ usage }] = (await once(this.#child, 'message')) as [{ usage: Usage }]
    return usage
  }

  stop(): void {
    this.#child.disconnect()
  }
}
