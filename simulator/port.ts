import type { Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** The port of a server, which can be closed and opened again. */
export interface Port {
  open(): Promise<number>
  /** Stops listening and drops every connection at once; resolves when they are gone. */
  close(): Promise<void>
}

/** Holds the sockets of a server, those too that faults have taken away from HTTP. */
export function holdPort(server: Server, host: string, wanted: number): Port {
  const sockets = new Set<Socket>()
  let port = wanted
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.setMaxListeners(0)
    socket.on('close', () => sockets.delete(socket))
  })
  return {
    open: () =>
      new Promise((resolve, reject) => {
        server.once('error', reject)
        server.listen({ host, port, backlog: 1024 }, () => {
          server.off('error', reject)
          port = (server.address() as AddressInfo).port
          resolve(port)
        })
      }),
    close: async () => {
      // The callback also comes, with an error, when it was not listening.
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      const gone = [...sockets].map((socket) => new Promise<void>((resolve) => socket.on('close', () => resolve())))
      for (const socket of sockets) socket.destroy()
      await Promise.all([closed, ...gone])
    },
  }
}
