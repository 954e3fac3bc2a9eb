import { describe, expect, it } from 'vitest'
import { bearerToken, MAX_TOKEN_BYTES } from '../../../../src/plugins/auth/bearer.ts'

const header = (value: string) => ['Host', 'x', 'Authorization', value]

describe('bearerToken', () => {
  it('reads the one Authorization header, whatever the case of its name and scheme', () => {
    expect(bearerToken(header('Bearer a.b.c'))).toBe('a.b.c')
    expect(bearerToken(['aUTHORIZATION', 'bearer   a.b.c'])).toBe('a.b.c')
  })

  it('does not take a value for a name', () => {
    expect(bearerToken(['X-Forwarded', 'authorization', 'Authorization', 'Bearer a.b.c'])).toBe('a.b.c')
  })

  it.each([
    ['none', []],
    ['two', [...header('Bearer a.b.c'), ...header('Bearer a.b.c')]],
    ['another scheme', header('Basic a.b.c')],
    ['two parts', header('Bearer a.b')],
    ['no signature', header('Bearer a.b.')],
    ['four parts', header('Bearer a.b.c.d')],
    ['base64 that is not url-safe', header('Bearer a+/=.b.c')],
    ['something behind the token', header('Bearer a.b.c d')],
    ['a token over the limit', header(`Bearer a.b.${'c'.repeat(MAX_TOKEN_BYTES)}`)],
  ])('is null for %s', (_name, rawHeaders) => {
    expect(bearerToken(rawHeaders)).toBeNull()
  })
})
