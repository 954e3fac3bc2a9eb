import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { startSimulator } from '../../../simulator/simulate.ts'
import { completion, prompt } from '../../helpers/simulator-client.ts'

const MAIN = fileURLToPath(new URL('../../../simulator/main.ts', import.meta.url))
const children: ChildProcessWithoutNullStreams[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

function simulate(env: Record<string, string>) {
  const child = spawn(process.execPath, [MAIN], { env: { PATH: process.env.PATH, ...env } })
  children.push(child)
  const said = { out: '', err: '' }
  child.stdout.on('data', (chunk) => {
    said.out += chunk
  })
  child.stderr.on('data', (chunk) => {
    said.err += chunk
  })
  return { child, said, exit: once(child, 'close').then(([code]) => code as number | null) }
}

/** Ports that were free a moment ago, as MODEL_PORTS. */
async function freePorts(): Promise<{ env: { MODEL_PORTS: string }; close(): Promise<void>; url: string }> {
  const { roster, close } = await startSimulator()
  const ports = Object.fromEntries(roster.models.map(({ id, url }) => [id, Number(new URL(url).port)]))
  return { env: { MODEL_PORTS: JSON.stringify(ports) }, close, url: roster.models[0]?.url ?? '' }
}

describe('npm run simulate', () => {
  it('listens where the service looks for its models, says where, and ends on SIGTERM', async () => {
    const { env, close, url } = await freePorts()
    await close()
    const { child, said, exit } = simulate({ ...env, SIM_LATENCY_MS: '0' })
    while (!said.out.includes('Ctrl+C')) await once(child.stdout, 'data')
    expect(said.out).toContain(`BioMistral-Clinical-7B   ${url}`)
    expect((await completion({ url }, prompt('Case.'))).text).toContain('simulated by BioMistral-Clinical-7B')
    child.kill('SIGTERM')
    expect(await exit).toBe(0)
  })

  it('says which port is taken and what to do, and exits 1', async () => {
    const { env, close } = await freePorts()
    const { said, exit } = simulate(env)
    expect(await exit).toBe(1)
    expect(said.err).toMatch(/Cannot listen on 127\.0\.0\.1:\d+ for \S+: EADDRINUSE\..*MODEL_PORTS/)
    expect(said.out).toBe('')
    await close()
  })

  it('names a variable that it cannot use, and exits 1', async () => {
    const { said, exit } = simulate({ SIM_LATENCY_MS: 'slow' })
    expect(await exit).toBe(1)
    expect(said.err).toBe('SIM_LATENCY_MS must be a whole number from 0, not slow\n')
  })
})
