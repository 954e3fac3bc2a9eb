import { describe, expect, test } from 'vitest'
import { backoffMs } from '../../../src/archive/webhooks/backoff.ts'
import { messageId, messageOf } from '../../../src/archive/webhooks/message.ts'
import { signatureHeaders, signingKey } from '../../../src/archive/webhooks/signature.ts'
import { checkTarget } from '../../../src/archive/webhooks/target.ts'
import { RunFinished, WebhookUrl } from '../../../src/contract/webhook.ts'
import type { DueDelivery } from '../../../src/store/records.ts'

describe('the signature', () => {
  test('is that of the example of the Standard Webhooks specification', () => {
    const key = signingKey('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')
    const at = 1_614_265_330_999
    expect(signatureHeaders(key, 'msg_p5jXN8AQM9LWM0D4loKWxJek', at, '{"test": 2432232314}')).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    })
  })
  test('is made with the bytes of a secret that is no whsec_', () => {
    expect(Buffer.from(signingKey('a secret in plain words, 32 bytes')).toString()).toBe(
      'a secret in plain words, 32 bytes',
    )
  })
  test.each([
    'whsec_',
    'whsec_c2hvcnQ=',
    'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS!',
    'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa',
  ])('is refused with a secret that is none, which is not repeated: %s', (secret) => {
    expect(() => signingKey(secret)).toThrow(
      expect.objectContaining({ name: 'ConfigError', message: expect.not.stringContaining(secret.slice(8) || '?') }),
    )
  })
})

describe('the back-off', () => {
  const schedule = (random: () => number) => [1, 2, 3, 4, 5, 6, 7, 8, 9].map((attempts) => backoffMs(attempts, random))

  test('grows from five seconds to a day, then gives up', () => {
    const seconds = [5, 30, 120, 600, 3600, 21_600, 86_400]
    expect(schedule(() => 0)).toEqual([...seconds.map((each) => each * 1000), null, null])
  })
  test('is up to a fifth longer by chance', () => {
    expect(schedule(() => 1)[0]).toBe(6000)
    expect(schedule(() => 0.5)[6]).toBe(95_040_000)
  })
})

describe('a target', () => {
  const hosts = ['hooks.example', 'ehr.example:8443', '127.0.0.1:9000', '::1']

  test.each([
    'https://hooks.example/a?b=c',
    'http://hooks.example:81/',
    'https://HOOKS.example/',
    'https://ehr.example:8443/',
    'http://127.0.0.1:9000/',
    'http://[::1]:7/',
  ])('is called: %s', (url) => {
    expect(checkTarget(url, hosts)).toMatchObject({ ok: true, url: { href: new URL(url).href } })
  })
  test.each([
    ['nonsense', 'invalid_url'],
    ['//hooks.example/', 'invalid_url'],
    ['ftp://hooks.example/', 'invalid_url'],
    ['file:///etc/passwd', 'invalid_url'],
    ['https://user@hooks.example/', 'credentials_in_url'],
    ['https://:word@hooks.example/', 'credentials_in_url'],
    ['https://hooks.example@evil.example/', 'credentials_in_url'],
    ['https://evil.example/hooks.example', 'host_not_allowed'],
    ['https://sub.hooks.example/', 'host_not_allowed'],
    ['https://hooks.example.evil.example/', 'host_not_allowed'],
    ['https://ehr.example/', 'host_not_allowed'],
    ['http://127.0.0.1:9001/', 'host_not_allowed'],
    ['http://localhost:9000/', 'host_not_allowed'],
    ['http://[::ffff:127.0.0.1]:9000/', 'host_not_allowed'],
  ])('is not called: %s (%s)', (url, fault) => {
    expect(checkTarget(url, hosts)).toEqual({ ok: false, fault })
  })
  test('is never called without hosts', () => {
    expect(checkTarget('http://127.0.0.1:9000/', [])).toEqual({ ok: false, fault: 'host_not_allowed' })
  })
})

describe('the message', () => {
  const due: DueDelivery = {
    tenant: 'ward-7',
    run_id: '4711',
    event: 'run.finished',
    attempts: 3,
    created_at: Date.UTC(2026, 10, 21, 8, 30),
    workflow_type: 'lab_report',
    run_status: 'partial',
    webhook: { url: 'https://hooks.example/?token=secret' },
  }
  test('says which run ended, when and how, and nothing else', () => {
    expect(RunFinished.parse(messageOf(due))).toEqual({
      type: 'run.finished',
      timestamp: '2026-11-21T08:30:00.000Z',
      data: { run_id: '4711', workflow_type: 'lab_report', status: 'partial', url: '/v1/runs/4711' },
    })
  })
  test('has one id in all attempts, without the dot that the signature parts by', () => {
    expect(messageId(due)).toBe('4711_run_finished')
    expect(messageId({ ...due, event: 'run.finished' })).toBe(messageId(due))
  })
})

test.each([
  ['https://hooks.example/x', true],
  ['http://10.1.2.3:80/', true],
  ['ftp://hooks.example/', false],
  ['hooks.example', false],
  [`https://hooks.example/${'x'.repeat(2048)}`, false],
  [7, false],
])('webhook_url %s is taken: %s', (given, taken) => {
  expect(WebhookUrl.safeParse(given).success).toBe(taken)
})
