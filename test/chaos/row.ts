/** One line of what a trial has found. */
export interface Row {
  what: string
  found: string
  /** What is allowed; null: only told. */
  allowed: string | null
  good: boolean
}

export const tellMs = (value: number | null): string => (value === null ? '–' : `${Math.round(value)} ms`)

export const told = (what: string, found: string | number): Row => ({
  what,
  found: `${found}`,
  allowed: null,
  good: true,
})

export const none = (what: string, list: readonly unknown[]): Row => ({
  what,
  found: `${list.length}`,
  allowed: '0',
  good: list.length === 0,
})

/** As a table of Markdown. */
export const tableOf = (rows: readonly Row[]): string =>
  [
    '| what | found | allowed |',
    '|---|---|---|',
    ...rows.map(({ what, found, allowed, good }) => `| ${good ? what : `**${what}**`} | ${found} | ${allowed ?? ''} |`),
  ].join('\n')
