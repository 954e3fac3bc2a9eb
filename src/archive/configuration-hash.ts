import { hash } from 'node:crypto'

/** Values under such names are left out: a hash over a weak secret could be guessed. That there is one stays visible. */
const SECRET = /secret|token|password|credential|keys?$/i
const PUBLIC = /public/i

function withoutCredentials(text: string): string {
  const url = URL.parse(text)
  if (url === null || (url.username === '' && url.password === '')) return text
  url.username = ''
  url.password = ''
  return url.href
}

function shown(value: unknown, isSecret: boolean): unknown {
  if (value === null || value === undefined) return null
  if (typeof value === 'object' && !ArrayBuffer.isView(value)) {
    if (Array.isArray(value)) return value.map((item) => shown(item, isSecret))
    const sorted = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
    return sorted.map(([name, item]) => [name, shown(item, isSecret || (SECRET.test(name) && !PUBLIC.test(name)))])
  }
  if (isSecret || ArrayBuffer.isView(value)) return '(set)'
  return typeof value === 'string' ? withoutCredentials(value) : value
}

/** SHA-256 in hex of the effective configuration without its secrets: it changes when a setting does. */
export const configurationHash = (config: object): string => hash('sha256', JSON.stringify(shown(config, false)))
