/** What names of tasks, agents and context keys look like; a patient's name or a date in a sentence does not. */
const NAME = /^[A-Za-z_$][\w$.:-]{0,127}$/

/**
 * A name out of a request as a refusal may repeat it, quoted. Anything that does not read like a name may be clinical
 * text in the wrong place: it is not repeated.
 */
export const shown = (name: string): string => (NAME.test(name) ? `"${name}"` : '(not shown: not a plain name)')

/** The same without quotes, `*` for what is not shown: for paths of fields. */
export const shownKey = (key: string): string => (NAME.test(key) ? key : '*')
