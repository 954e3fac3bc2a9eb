import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { ownDataDir } from './data-dir.ts'
import { median } from './stats.ts'

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/health/ready`)).status === 200
  } catch {
    return false
  }
}

/** Seconds from starting the process, as `npm start` does, to the first 200 of /health/ready; the median of `repeats`. */
export async function measureStart(repeats: number): Promise<number> {
  const times: number[] = []
  const folder = ownDataDir()
  for (let i = 0; i < repeats; i++) {
    const port = await freePort()
    const start = performance.now()
    const child = spawn(process.execPath, ['src/server.ts'], {
      env: { PATH: process.env.PATH, PORT: String(port), LOG_LEVEL: 'silent', DATA_DIR: join(folder, String(i)) },
      stdio: 'ignore',
    })
    while (!(await isReady(port))) await pause(10)
    times.push((performance.now() - start) / 1000)
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
  return median(times)
}
