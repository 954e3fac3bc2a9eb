import { count } from './numbers.ts'

/** The smallest whole 1, 2, 2.5 or 5 times a power of ten that is at least `least`. */
export function niceStep(least: number): number {
  const power = 10 ** Math.max(0, Math.floor(Math.log10(least)))
  const fits = (step: number): boolean => step >= least && Number.isInteger(step)
  return [1, 2, 2.5, 5].map((factor) => factor * power).find(fits) ?? 10 * power
}

/** A line of `width` columns with round times at their places: `0      250      500 ms`. `total_ms` ends the chart. */
export function timeScale(total_ms: number, width: number): string {
  if (total_ms <= 0) return '0 ms'
  const room = count(total_ms).length + 3
  const step = niceStep((total_ms * room) / width)
  let line = ''
  for (let at = 0; at <= total_ms; at += step) line = line.padEnd(Math.round((at / total_ms) * width)) + count(at)
  return `${line} ms`
}
