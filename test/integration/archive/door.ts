import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export interface Door {
  /** The database through the door. */
  url: string
  /** Connections that were asked for. */
  seen: () => number
  /** Cuts every connection; until it is opened again, every new one is refused. */
  close: () => Promise<void>
  open: () => Promise<void>
  /** Connections stay, new ones are taken, and nothing goes through any more. */
  freeze: () => void
  /** What was frozen is cut, and new connections go through again. */
  thaw: () => void
}

/** A TCP door in front of PostgreSQL. The first `cuts` connections are cut as soon as they are made. */
export async function doorTo(target: string, cuts = 0): Promise<Door> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  let seen = 0
  let frozen = false
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    if (++seen <= cuts) return void socket.destroy()
    if (frozen) return void sockets.add(socket.pause())
    const upstream = connect(Number(port), hostname)
    for (const one of [socket, upstream]) sockets.add(one)
    upstream.on('error', () => socket.destroy())
    socket.on('close', () => upstream.destroy())
    socket.pipe(upstream).pipe(socket)
  })
  const listen = async (at: number): Promise<void> => {
    server.listen(at, '127.0.0.1')
    await once(server, 'listening')
  }
  const close = async (): Promise<void> => {
    const closed = once(server, 'close')
    server.close()
    for (const one of sockets) one.destroy()
    sockets.clear()
    await closed
  }
  await listen(0)
  const own = (server.address() as AddressInfo).port
  onTestFinished(async () => {
    if (server.listening) await close()
  })
  return {
    url: Object.assign(new URL(target), { host: `127.0.0.1:${own}` }).href,
    seen: () => seen,
    close,
    open: () => listen(own),
    freeze() {
      frozen = true
      for (const one of sockets) one.unpipe().pause()
    },
    thaw() {
      frozen = false
      for (const one of sockets) one.destroy()
      sockets.clear()
    },
  }
}
