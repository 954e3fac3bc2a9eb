import { createSocket } from 'node:dgram'
import { Resolver } from 'node:dns/promises'
import { onTestFinished } from 'vitest'

/** What a name server says of a name: addresses and their time to live, that there is no such name, a fault, or nothing. */
export type Zone = (name: string) => { ipv4?: string[]; ttl_s?: number } | 'unknown' | 'fault' | 'silence'

export interface DnsServer {
  /** Asks this server alone. */
  resolver: Resolver
  /** Names asked for, once for each question: A and AAAA are two. */
  questions: readonly string[]
}

const CODES = { unknown: 3, fault: 2 } as const
const TYPE_A = 1

/** The name of the only question of a query, and where the question ends. */
function readQuestion(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = []
  let at = 12
  for (let size = query[at] as number; size > 0; size = query[at] as number) {
    labels.push(query.toString('latin1', at + 1, at + 1 + size))
    at += size + 1
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 }
}

function record(address: string, ttl_s: number): Buffer {
  const bytes = Buffer.alloc(16)
  // The name is that of the question, at byte 12; type A, class IN.
  bytes.writeUInt16BE(0xc00c, 0)
  bytes.writeUInt16BE(TYPE_A, 2)
  bytes.writeUInt16BE(1, 4)
  bytes.writeUInt32BE(ttl_s, 6)
  bytes.writeUInt16BE(4, 10)
  Buffer.from(address.split('.').map(Number)).copy(bytes, 12)
  return bytes
}

function reply(query: Buffer, end: number, code: number, records: Buffer[]): Buffer {
  const header = Buffer.from(query.subarray(0, 12))
  header.writeUInt16BE(0x8180 | code, 2)
  header.writeUInt16BE(records.length, 6)
  // Neither authority nor the query's additional record (EDNS).
  header.writeUInt32BE(0, 8)
  return Buffer.concat([header, query.subarray(12, end), ...records])
}

/** A name server on a free UDP port of the loopback interface, and a resolver that asks only it. Ends with the test. */
export async function startDnsServer(zone: Zone, timeout_ms = 1000): Promise<DnsServer> {
  const questions: string[] = []
  const socket = createSocket('udp4')
  socket.on('message', (query, { address, port }) => {
    const { name, type, end } = readQuestion(query)
    questions.push(name)
    const said = zone(name)
    if (said === 'silence') return
    const code = typeof said === 'string' ? CODES[said] : 0
    const { ipv4 = [], ttl_s = 60 } = typeof said === 'string' ? {} : said
    const records = type === TYPE_A ? ipv4.map((one) => record(one, ttl_s)) : []
    socket.send(reply(query, end, code, records), port, address)
  })
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  const resolver = new Resolver({ timeout: timeout_ms, tries: 1 })
  resolver.setServers([`127.0.0.1:${socket.address().port}`])
  onTestFinished(async () => {
    resolver.cancel()
    await new Promise<void>((resolve) => socket.close(() => resolve()))
  })
  return { resolver, questions }
}
