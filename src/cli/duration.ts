import { UsageError } from './errors.ts'

const UNITS_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** Reads `500ms`, `30s`, `2m`, `8h` or `7d` into milliseconds. Throws a UsageError that names `option`. */
export function parseDuration(text: string, option: string): number {
  const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text.trim())
  const unit = match?.[2] as keyof typeof UNITS_MS | undefined
  const value = unit === undefined ? 0 : Number(match?.[1]) * UNITS_MS[unit]
  if (value === 0)
    throw new UsageError(`${option} must be a time above zero with its unit, such as 500ms, 30s, 2m, 8h or 7d`)
  return value
}
