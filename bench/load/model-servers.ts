import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { isCompletion, nextAnswer, notFound, onRequest } from '../canned.ts'
import { createRandom } from '../simulation/random.ts'
import type { SiteSpec } from './site.ts'

/**
 * The model servers of a site in one process, told as JSON. Each has its slots: a call beyond them waits, as on a real
 * server, and one whose caller leaves gives its slot back at once. Lengths of calls are drawn, the same in every run.
 */
const { lanes, slots, call_ms } = JSON.parse(process.argv[2] as string) as SiteSpec
const random = createRandom(7)

function lane() {
  const waiting = new Set<Socket>()
  let free = slots
  const work = (socket: Socket): void => {
    free--
    const end = (): void => {
      clearTimeout(timer)
      socket.off('close', end)
      free++
      for (const next of waiting) {
        waiting.delete(next)
        work(next)
        break
      }
    }
    const took = call_ms.least + random() * (call_ms.most - call_ms.least)
    const timer = setTimeout(() => {
      end()
      socket.write(nextAnswer())
    }, took)
    socket.once('close', end)
  }
  return createServer((socket) => {
    socket.once('close', () => waiting.delete(socket))
    onRequest((_, request) => {
      if (!isCompletion(request)) socket.write(notFound)
      else if (free > 0) work(socket)
      else waiting.add(socket)
    })(socket)
  })
}

const servers = Array.from({ length: lanes }, lane)
await Promise.all(servers.map((server) => once(server.listen(0, '127.0.0.1'), 'listening')))
process.on('disconnect', () => process.exit(0))
process.send?.({ ports: servers.map((server) => (server.address() as AddressInfo).port) })
