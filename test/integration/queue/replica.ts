/**
 * A replica in a process of its own: `callers` loops that take a permit, call the ledger, and give it back.
 * Settings come as JSON in argv; says "ready" when it begins, and findings, one JSON a line.
 */
import { Replicas } from '../../../src/queue/replicas.ts'
import { Cancellation } from '../../../src/run/cancellation.ts'
import { GpuBudget } from '../../../src/run/gpu-budget.ts'
import { SharedLane } from '../../../src/run/shared-lane.ts'

export interface ReplicaSettings {
  url: string
  prefix: string
  replica: string
  ledger: string
  /** One lane each. */
  slots: number[]
  gpu_max: number | null
  callers: number
  /** Pause of a caller between two calls, in ms. */
  pause_ms: number
}

const settings = JSON.parse(process.argv[2] ?? '{}') as ReplicaSettings
const { url, prefix, replica, ledger, slots, gpu_max, callers, pause_ms } = settings
const say = (what: object) => console.log(JSON.stringify(what))

const replicas = new Replicas({ url, prefix, replica, log: say })
const gpu = new GpuBudget(0, gpu_max ?? undefined)
const lanes = slots.map((count, at) => {
  const model = { url: `http://model-${at}/v1`, served_model: 'm', slots: count, gpu: { id: 0, max: gpu_max } }
  return new SharedLane(`m${at}`, count, gpu, 15_000, replicas.permitsOf(model))
})
await replicas.settled(5000)

let stopping = false
async function callAgain(at: number): Promise<void> {
  const lane = lanes[at % lanes.length] as SharedLane
  while (!stopping) {
    const claimant = { tenant: 'default', start: performance.now(), path: 0, given: 0 }
    const asked = performance.now()
    const request = {
      claimant,
      priority: at % 6,
      rank: 0,
      work: 0,
      deadline: asked + 60_000,
      cancel: new Cancellation(),
    }
    const answer = await lane.acquire(request)
    if (answer !== 'granted') continue
    const waited_ms = performance.now() - asked
    try {
      await (await fetch(`${ledger}?replica=${replica}`)).text()
    } finally {
      lane.release(request, performance.now() - asked)
    }
    say({ waited_ms, degraded: replicas.degraded })
    await new Promise((resolve) => setTimeout(resolve, pause_ms))
  }
}

process.on('SIGTERM', () => {
  stopping = true
})
console.log('ready')
await Promise.all(Array.from({ length: callers }, (_, at) => callAgain(at)))
await replicas.close()
