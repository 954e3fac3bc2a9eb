import { afterEach, describe, expect, it, vi } from 'vitest'
import { parseRetryAfter } from '../../../src/models/retry-after.ts'

const NOW = Date.parse('Sat, 21 Nov 2026 09:00:00 GMT')
afterEach(() => vi.unstubAllEnvs())

const parse = (header: string | string[] | undefined) => parseRetryAfter(header, NOW)

describe('a Retry-After header', () => {
  it.each<[string, number]>([
    ['0', 0],
    ['7', 7000],
    [' 7 ', 7000],
    ['007', 7000],
    ['86400', 86_400_000],
  ])('of %s seconds asks for %i ms', (header, ms) => {
    expect(parse(header)).toBe(ms)
  })

  it.each<[string, string, number]>([
    ['today’s form', 'Sat, 21 Nov 2026 09:00:30 GMT', 30_000],
    ['RFC 850’s form', 'Saturday, 21-Nov-26 09:00:30 GMT', 30_000],
    ['asctime’s form, which is in GMT without saying so', 'Sat Nov 21 09:00:30 2026', 30_000],
    ['the past', 'Sun, 06 Nov 1994 08:49:37 GMT', 0],
  ])('with a date in %s asks for the time until then', (_, header, ms) => {
    expect(parse(header)).toBe(ms)
  })

  it('with a date means the same in every time zone', () => {
    vi.stubEnv('TZ', 'America/New_York')
    expect(new Date(NOW).getHours(), 'the zone has changed').toBe(4)
    expect(parse('Sat Nov 21 09:00:30 2026')).toBe(30_000)
    expect(parse('Sat, 21 Nov 2026 09:00:30 GMT')).toBe(30_000)
  })

  it('with more seconds than any deadline asks for a pause that no deadline allows', () => {
    expect(parse('99999999999999999999')).toBeGreaterThan(1e15)
    expect(parse('9'.repeat(400))).toBe(Number.POSITIVE_INFINITY)
  })

  it.each([
    '',
    '-5',
    '1.5',
    '+3',
    '0x10',
    '1e3',
    '5 seconds',
    'soon',
    'wait 5',
    'May 5',
    'Mon',
    'Mon, 99 Foo 2026 09:00:00 GMT',
    'NaN',
    '٣',
  ])('that says "%s" says nothing usable', (header) => {
    expect(parse(header)).toBeNull()
  })

  it('counts once when it was sent twice, and not at all when it is absent', () => {
    expect(parse(['3', '900'])).toBe(3000)
    expect(parse([])).toBeNull()
    expect(parse(undefined)).toBeNull()
  })
})
