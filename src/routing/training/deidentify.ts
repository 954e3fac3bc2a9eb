import { IDENTIFIERS, KINDS, type Kind } from './identifiers.ts'

export interface Deidentified {
  text: string
  replaced: Readonly<Record<Kind, number>>
}

/**
 * Replaces what looks like a name, a date, an id, an address, a phone number, a high age, by `[NAME]`, `[DATE]` and so
 * on. Patterns miss things: a name without a title that is not in the list, a nickname, a rare disease that says who it
 * is. What it returns is less telling, not anonymous.
 */
export function deidentify(text: string): Deidentified {
  const replaced = Object.fromEntries(KINDS.map((kind) => [kind, 0])) as Record<Kind, number>
  let now = text
  for (const { kind, pattern } of IDENTIFIERS)
    now = now.replace(pattern, (...found) => {
      replaced[kind]++
      const groups: unknown = found.at(-1)
      const keep = typeof groups === 'object' && groups !== null && 'keep' in groups ? groups.keep : ''
      return `${typeof keep === 'string' ? keep : ''}[${kind}]`
    })
  return { text: now, replaced }
}
