import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { isCompletion, nextAnswer, notFound, onRequest } from './canned.ts'

/**
 * A model server that costs next to nothing, so that what is measured is the service in front of it: one canned chat
 * completion per request, on raw sockets; at once, or after the milliseconds that a prompt asks for as `[latency 200]`.
 * Listens on two free ports of 127.0.0.1, one per lane, and says which over IPC.
 */
function respond(socket: Socket, request: Buffer): void {
  if (!isCompletion(request)) socket.write(notFound)
  else if (!request.includes('[latency ')) socket.write(nextAnswer())
  else setTimeout(() => socket.write(nextAnswer()), Number(/\[latency (\d+)\]/.exec(request.toString('latin1'))?.[1]))
}

const servers = [createServer(onRequest(respond)), createServer(onRequest(respond))]
await Promise.all(servers.map((server) => once(server.listen(0, '127.0.0.1'), 'listening')))
process.on('disconnect', () => process.exit(0))
process.send?.({ ports: servers.map((server) => (server.address() as AddressInfo).port) })
