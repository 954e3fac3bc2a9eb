const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })
const tenths = new Intl.NumberFormat('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 })
const hundredths = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })

/** `1,104`. */
export const count = (value: number): string => whole.format(value)

/** `1,104 ms`; below 10 ms with one decimal, because there it tells something: `4.2 ms`. */
export const ms = (value: number): string =>
  `${value > 0 && value < 9.95 ? tenths.format(value) : whole.format(value)} ms`

/** `1.89`. */
export const ratio = (value: number): string => hundredths.format(value)

/** `0.8 s`, for what is still going on. */
export const seconds = (value_ms: number): string => `${tenths.format(value_ms / 1000)} s`

/** `1 task`, `2 tasks`. */
export const plural = (value: number, noun: string): string => `${count(value)} ${noun}${value === 1 ? '' : 's'}`
