import { MAX_TIMEOUT_MS } from '../contract/execute.ts'
import { parseDuration } from './duration.ts'
import { UsageError } from './errors.ts'

/** A whole number within bounds. Throws a UsageError that names `option`. */
export function parseWhole(text: string, option: string, min: number, max: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= min && value <= max)) throw new UsageError(`${option} must be a whole number from ${min} to ${max}`)
  return value
}

export const parseRow = (text: string): number => parseWhole(text, '--row', 1, 999_999_999)

export const parsePriority = (text: string): number => parseWhole(text, '--priority', 0, 5)

export const parseLimit = (text: string): number => parseWhole(text, '--limit', 1, 1000)

/** Milliseconds, within what the service accepts. */
export function parseTimeout(text: string): number {
  const value = parseDuration(text, '--timeout')
  if (value > MAX_TIMEOUT_MS) throw new UsageError('--timeout must be at most 24h')
  return value
}

/** The first that is given and not empty. Throws a UsageError with `message` when none is. */
export function firstGiven(message: string, ...values: readonly (string | undefined)[]): string {
  const found = values.find((value) => value !== undefined && value !== '')
  if (found === undefined) throw new UsageError(message)
  return found
}
