import { describe, expect, it } from 'vitest'
import { isAllowedUrl } from '../../../src/models/hosts.ts'

const allowed = (url: string, list: string[] | null = null) => isAllowedUrl(new URL(url), list)

describe('without an allow-list', () => {
  it.each([
    'http://localhost:8085/v1',
    'http://127.0.0.1:8085/v1',
    'http://127.9.9.9/v1',
    'http://[::1]:8085/v1',
    'http://10.20.30.40/v1',
    'http://172.16.0.1/v1',
    'http://172.31.255.255/v1',
    'http://192.168.1.1/v1',
    'http://[fd00::1]/v1',
    'http://gpu-node-1:8085/v1',
    'http://[::ffff:10.0.0.1]/v1',
  ])('%s is the hospital’s own', (url) => {
    expect(allowed(url)).toBe(true)
  })

  it.each([
    'http://169.254.169.254/v1',
    'http://[::ffff:169.254.169.254]/v1',
    'http://2852039166/v1',
    'http://0xa9fea9fe/v1',
    'http://[fe80::1]/v1',
    'http://0.0.0.0/v1',
    'http://[::]/v1',
    'http://8.8.8.8/v1',
    'http://172.15.0.1/v1',
    'http://172.32.0.1/v1',
    'http://192.169.0.1/v1',
    'http://11.0.0.1/v1',
    'http://[2001:4860:4860::8888]/v1',
    'https://api.openai.com/v1',
    'http://metadata.google.internal/v1',
    'http://localhost.evil.example/v1',
    'http://127.0.0.1.nip.io/v1',
  ])('%s is not', (url) => {
    expect(allowed(url)).toBe(false)
  })
})

describe('with an allow-list', () => {
  it.each<[string, string]>([
    ['http://models.hospital.example:8085/v1', 'models.hospital.example'],
    ['http://models.hospital.example:8085/v1', 'models.hospital.example:8085'],
    ['http://MODELS.hospital.example/v1', 'Models.Hospital.Example'],
    ['http://models.hospital.example/v1', 'models.hospital.example:80'],
    ['https://models.hospital.example/v1', 'models.hospital.example:443'],
    ['http://[fd00::7]:8085/v1', '[fd00::7]'],
    ['http://[fd00::7]:8085/v1', 'fd00::7'],
    ['http://[fd00::7]:8085/v1', '[fd00::7]:8085'],
  ])('%s is allowed by %s', (url, entry) => {
    expect(allowed(url, ['other', entry])).toBe(true)
  })

  it.each<[string, string]>([
    ['http://models.hospital.example:9999/v1', 'models.hospital.example:8085'],
    ['https://models.hospital.example/v1', 'models.hospital.example:80'],
    ['http://evil-models.hospital.example/v1', 'models.hospital.example'],
    ['http://models.hospital.example.evil.example/v1', 'models.hospital.example'],
    ['http://models.hospital.example@evil.example/v1', 'models.hospital.example'],
    ['http://[fd00::8]/v1', 'fd00::7'],
  ])('%s is not allowed by %s', (url, entry) => {
    expect(allowed(url, [entry])).toBe(false)
  })

  it('that is empty nothing is allowed, not even loopback', () => {
    expect(allowed('http://127.0.0.1:8085/v1', [])).toBe(false)
  })
})
