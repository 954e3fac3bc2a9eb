import { pbkdf2 } from 'node:crypto'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { ModelClient } from '../../../src/models/client.ts'
import { createNameSources, type SourceParts } from '../../../src/models/name-sources.ts'
import { type NameLog, Names, type NamesOptions } from '../../../src/models/names.ts'
import { startDnsServer, type Zone } from '../../helpers/dns-server.ts'
import { chatCompletion, httpAnswer, startRawServer } from '../../helpers/raw-server.ts'
import { ask, complete, modelAt } from './subject.ts'

const HERE = [{ address: '127.0.0.1', family: 4 as const }]
const nobody = async (host: string) => {
  throw Object.assign(new Error(host), { code: 'ENOTFOUND' })
}

/** Names as the service resolves them, from a name server of our own and a system that knows no name. */
async function namesOf(
  zone: Zone,
  parts: Partial<SourceParts> = {},
  options: Partial<NamesOptions> = {},
  timeout_ms = 1000,
) {
  const { resolver, questions } = await startDnsServer(zone, timeout_ms)
  const findings: Parameters<NameLog>[0][] = []
  const system = vi.fn(nobody)
  const sources = createNameSources({ resolver, system, hosts_file: '/does/not/exist', ...parts })
  const names = new Names({ log: (finding) => findings.push(finding), sources, ...options })
  onTestFinished(() => names.close())
  return { names, questions, findings, system }
}

/** A model server, and clients that call it by a name. */
async function named(names: Names, host: string) {
  const server = await startRawServer(({ socket }) => socket.end(httpAnswer({ body: chatCompletion() })))
  const client = new ModelClient(modelAt(`http://${host}:${server.port}/v1`), { lookup: names.lookup })
  onTestFinished(() => client.close())
  return { server, client }
}

/** Lets a record's time to live pass without waiting for it. */
let skipped = 0
const skip = (ms: number) => {
  skipped += ms
}
beforeEach(() => {
  skipped = 0
  const { now } = performance
  vi.spyOn(performance, 'now').mockImplementation(() => now.call(performance) + skipped)
})
afterEach(() => vi.restoreAllMocks())

describe('a model server with a name', () => {
  it('is found by DNS, once for many calls at once, and not again while the record lives', async () => {
    const { names, questions, system } = await namesOf(() => ({ ipv4: ['127.0.0.1'] }))
    const { client } = await named(names, 'gpu1.ward')
    const twenty = () => Promise.all(Array.from({ length: 20 }, () => complete(client)))
    expect((await twenty()).every(({ ok }) => ok)).toBe(true)
    expect((await twenty()).every(({ ok }) => ok)).toBe(true)
    expect(questions).toEqual(['gpu1.ward', 'gpu1.ward'])
    expect(system).not.toHaveBeenCalled()
  })

  it('is asked for nothing when its URL holds an address', async () => {
    const { names, questions, system } = await namesOf(() => 'fault')
    const lookup = vi.spyOn(names, 'resolve')
    const { client } = await named(names, '127.0.0.1')
    expect(await complete(client)).toMatchObject({ ok: true })
    expect([questions.length, system.mock.calls.length, lookup.mock.calls.length]).toEqual([0, 0, 0])
  })

  it('is followed to where it moves, once its record has lived', async () => {
    let at = '127.0.0.2'
    const { names, questions } = await namesOf(() => ({ ipv4: [at], ttl_s: 5 }))
    expect(await names.resolve('gpu1')).toEqual([{ address: '127.0.0.2', family: 4 }])
    at = '127.0.0.1'
    skip(4000)
    expect(await names.resolve('gpu1')).toEqual([{ address: '127.0.0.2', family: 4 }])
    skip(1001)
    expect(await names.resolve('gpu1')).toEqual(HERE)
    expect(questions).toHaveLength(4)
  })

  it('is asked for again after a minute however long its record may live', async () => {
    const { names, questions } = await namesOf(() => ({ ipv4: ['127.0.0.1'], ttl_s: 86_400 }))
    await names.resolve('gpu1')
    skip(60_001)
    await names.resolve('gpu1')
    expect(questions).toHaveLength(4)
  })
})

describe('a name server that fails', () => {
  it.each<[string, ReturnType<Zone>]>([
    ['says that it has a fault', 'fault'],
    ['says nothing', 'silence'],
    ['has forgotten the name', 'unknown'],
  ])('and %s leaves the last known address in use, and says so once', async (_, failing) => {
    let says: ReturnType<Zone> = { ipv4: ['127.0.0.1'], ttl_s: 1 }
    const { names, findings } = await namesOf(() => says, {}, { stale_wait_ms: 20 }, 100)
    const { client } = await named(names, 'gpu1.ward')
    expect(await complete(client)).toMatchObject({ ok: true })
    says = failing
    for (let round = 0; round < 3; round++) {
      skip(5000)
      expect(await complete(client)).toMatchObject({ ok: true })
    }
    await vi.waitFor(() => expect(findings).toHaveLength(1))
    expect(findings).toEqual([{ host: 'gpu1.ward', finding: 'name_stale', code: expect.any(String) }])

    says = { ipv4: ['127.0.0.1'], ttl_s: 1 }
    await vi.waitFor(async () => {
      skip(5000)
      await names.resolve('gpu1.ward')
      expect(findings.map(({ finding }) => finding)).toEqual(['name_stale', 'name_resolved'])
    })
  })

  it('for an hour is believed: the old address no longer serves', async () => {
    let says: ReturnType<Zone> = { ipv4: ['127.0.0.1'] }
    const { names } = await namesOf(() => says)
    await names.resolve('gpu1')
    says = 'unknown'
    skip(3_599_000)
    expect(await names.resolve('gpu1')).toEqual(HERE)
    skip(2000)
    await expect(names.resolve('gpu1')).rejects.toMatchObject({ code: 'ENOTFOUND' })
  })

  it('makes a call to a name that was never known fail as unreachable, without asking for each call', async () => {
    const { names, questions, findings } = await namesOf(() => 'unknown')
    const { client } = await named(names, 'gpu1.invalid')
    for (let index = 0; index < 5; index++)
      expect(await complete(client)).toMatchObject({ code: 'upstream_unreachable' })
    expect(questions).toHaveLength(2)
    expect(findings).toEqual([{ host: 'gpu1.invalid', finding: 'name_unresolved', code: 'ENOTFOUND' }])
  })

  it('counts in the deadline of the call when it says nothing', async () => {
    const { names } = await namesOf(() => 'silence', {}, {}, 20_000)
    const { client } = await named(names, 'gpu1.ward')
    const began = performance.now()
    const result = await client.complete(ask({ within_ms: 200 }), { cancelled: false, onCancel: () => () => undefined })
    expect(result).toMatchObject({ ok: false, code: 'upstream_timeout' })
    expect(performance.now() - began).toBeLessThan(1200)
  })

  it('keeps no thread of the pool busy: files and hashes go on while fifty names wait', async () => {
    const { names, system, questions } = await namesOf(() => 'silence', {}, {}, 20_000)
    const waiting = Array.from({ length: 50 }, (_, index) =>
      names.resolve(`gpu${index}.ward`).catch(({ code }) => code),
    )
    await vi.waitFor(() => expect(questions).toHaveLength(100))
    const hashes = Array.from({ length: 4 }, () => promisify(pbkdf2)('password', 'salt', 1000, 32, 'sha256'))
    await Promise.all([...hashes, readFile(import.meta.filename)])
    expect(system).not.toHaveBeenCalled()
    names.close()
    expect(await Promise.all(waiting)).toEqual(waiting.map(() => 'ECANCELLED'))
  })
})

describe('what DNS does not know', () => {
  it('is asked of the system, which has search domains, one name at a time', async () => {
    let running = 0
    let most = 0
    const system = async () => {
      most = Math.max(most, ++running)
      await new Promise((resolve) => setImmediate(resolve))
      running--
      return HERE
    }
    const { names } = await namesOf(() => 'unknown', { system })
    const found = await Promise.all(['gpu1', 'gpu2', 'gpu3', 'gpu1'].map((host) => names.resolve(host)))
    expect(found).toEqual([HERE, HERE, HERE, HERE])
    expect(most).toBe(1)
  })

  it('is asked of the system too when no name server can be reached', async () => {
    const { names, findings } = await namesOf(() => 'fault', { system: async () => HERE })
    expect(await names.resolve('gpu1.ward')).toEqual(HERE)
    expect(findings).toEqual([])
  })
})

describe('a name of the hosts file', () => {
  it('is what the file says, whatever DNS says', async () => {
    const hosts_file = join(tmpdir(), `hosts-${process.pid}-${Date.now()}`)
    onTestFinished(() => rm(hosts_file))
    await writeFile(hosts_file, '# 9.9.9.9 other.ward\n127.0.0.1\tgpu1.ward GPU2.ward # both\n')
    const { names, questions } = await namesOf(() => ({ ipv4: ['192.0.2.1'] }), {
      hosts_file,
      system: async () => HERE,
    })
    expect(await names.resolve('gpu1.ward')).toEqual(HERE)
    expect(await names.resolve('gpu2.ward')).toEqual(HERE)
    expect(questions).toEqual([])
    expect(await names.resolve('other.ward')).toEqual([{ address: '192.0.2.1', family: 4 }])
  })

  it('such as localhost works with the sources of this machine', async () => {
    const names = new Names({ log: () => undefined })
    onTestFinished(() => names.close())
    const { client } = await named(names, 'localhost')
    expect(await complete(client)).toMatchObject({ ok: true })
  })
})
