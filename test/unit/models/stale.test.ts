import { expect, it } from 'vitest'
import { isStale, STALE_MS, saysUnasked } from '../../../src/models/stale.ts'

const error = (message: string, code: string) => Object.assign(new Error(message), { code })
const evidence = { error: error('other side closed', 'UND_ERR_SOCKET'), answering: false, opened: false, elapsed_ms: 3 }

it.each([
  error('other side closed', 'UND_ERR_SOCKET'),
  error('closed', 'UND_ERR_SOCKET'),
  error('read ECONNRESET', 'ECONNRESET'),
  error('write EPIPE', 'EPIPE'),
])('a call that met a connection as it was closed (%s) is sent again', (fault) => {
  expect(isStale({ ...evidence, error: fault })).toBe(true)
})

it.each<[string, Partial<typeof evidence>]>([
  ['something of an answer came', { answering: true }],
  ['a connection was opened meanwhile', { opened: true }],
  ['it took long', { elapsed_ms: STALE_MS }],
  ['the server refused the connection', { error: error('connect ECONNREFUSED', 'ECONNREFUSED') }],
  ['the connection took too long', { error: error('Connect Timeout Error', 'UND_ERR_CONNECT_TIMEOUT') }],
  ['the name is not known', { error: error('getaddrinfo ENOTFOUND', 'ENOTFOUND') }],
  ['the server broke HTTP', { error: error('bad response', 'UND_ERR_SOCKET') }],
  ['we closed it', { error: error('The client is destroyed', 'UND_ERR_DESTROYED') }],
])('it is not when %s', (_, own) => {
  expect(isStale({ ...evidence, ...own })).toBe(false)
})

it('what came unasked is told from a connection that ended', () => {
  expect(saysUnasked(error('bad response', 'UND_ERR_SOCKET'))).toBe(true)
  expect(saysUnasked(Object.assign(new Error('x'), { name: 'HTTPParserError' }))).toBe(true)
  expect(saysUnasked(error('other side closed', 'UND_ERR_SOCKET'))).toBe(false)
})
