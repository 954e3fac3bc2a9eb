import { isAllowedUrl } from '../../models/hosts.ts'

/** Why a URL is not called: code → what a caller is told of it. */
export const TARGET_FAULTS = {
  invalid_url: 'must be an http or https URL',
  credentials_in_url: 'must not hold a user name or a password',
  host_not_allowed: 'must name a host that WEBHOOK_HOSTS lists',
} as const satisfies Record<string, string>

export type TargetFault = keyof typeof TARGET_FAULTS
export type Target = { ok: true; url: URL } | { ok: false; fault: TargetFault }

/** Whether a webhook may be called. `hosts`: `host` (any port) or `host:port`, nothing but exact names. */
export function checkTarget(text: string, hosts: readonly string[]): Target {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol)) return { ok: false, fault: 'invalid_url' }
  if (url.username !== '' || url.password !== '') return { ok: false, fault: 'credentials_in_url' }
  return isAllowedUrl(url, hosts) ? { ok: true, url } : { ok: false, fault: 'host_not_allowed' }
}
