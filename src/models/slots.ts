import type { SlotsSource } from '../contract/roster.ts'
import { MAX_SLOTS } from '../contract/roster.ts'

/** What is known beside the roster about how many calls a server works on at once. */
export interface ToldSlots {
  count: number
  source: 'server' | 'environment'
  /** False: room for so many, not a setting. A roster that lists fewer is no mistake then. */
  exact: boolean
}

export interface Slots {
  /** Permits of the lane. */
  count: number
  source: SlotsSource
  told: ToldSlots | null
}

/** The roster's number goes first, then the server's; without either 1, which no server is too small for. */
export function decideSlots(listed: number | null, told: ToldSlots | null): Slots {
  if (listed !== null) return { count: listed, source: 'roster', told }
  return told === null ? { count: 1, source: 'default', told } : { count: told.count, source: told.source, told }
}

/** Whether a roster's number deserves a word: the server told another, or has less room. */
export const differs = (listed: number | null, told: ToldSlots | null): boolean =>
  listed !== null && told !== null && (told.exact ? told.count !== listed : told.count < listed)

/** A number that a server could mean by its slots; null for all else. */
export const readSlots = (value: unknown): number | null =>
  Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX_SLOTS ? (value as number) : null

/** Every model on this server has its own lane: together they must not pass what the server has. */
export function shareSlots(told: ToldSlots, models: number): ToldSlots {
  if (models === 1 || told.source === 'environment') return told
  return { ...told, count: Math.max(1, Math.floor(told.count / models)), exact: false }
}
