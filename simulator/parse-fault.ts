import { type Fault, FRAMINGS, RESET_POINTS, SCHEMA_VARIANTS, STREAM_VARIANTS, TEXT_VARIANTS } from './faults.ts'
import { isObject } from './request.ts'

type Check = { is: (value: unknown) => boolean; want: string; optional?: true }

const oneOf = (values: readonly string[]): Check => ({
  is: (value) => typeof value === 'string' && values.includes(value),
  want: `one of ${values.join(', ')}`,
})
const int = (min: number, max: number): Check => ({
  is: (value) => Number.isInteger(value) && Number(value) >= min && Number(value) <= max,
  want: `a whole number from ${min} to ${max}`,
})
const text: Check = { is: (value) => typeof value === 'string', want: 'text' }
const optional = (check: Check): Check => ({ ...check, optional: true })
const ms = int(0, 3_600_000)

/** Every kind with its members. `satisfies` makes a kind that is missing here a compile error. */
const MEMBERS = {
  refuse: { for_ms: ms },
  hang: {},
  hang_body: {},
  trickle: { interval_ms: int(1, 3_600_000) },
  slow: { ms },
  reset: { at: oneOf(RESET_POINTS) },
  status: { status: int(200, 599), retry_after: optional(text), location: optional(text), body: optional(text) },
  malformed: {},
  truncated: {},
  schema: { variant: oneOf(SCHEMA_VARIANTS) },
  empty: {},
  finish: { reason: text },
  cut_as_stop: {},
  // The service takes up to 4 MiB: less would be an ordinary answer.
  huge: { megabytes: int(4, 4096), framing: oneOf(FRAMINGS) },
  gzip: {},
  bad_text: { variant: oneOf(TEXT_VARIANTS) },
  input_cut: { prompt_tokens: int(0, 1_000_000) },
  stream: { variant: oneOf(STREAM_VARIANTS) },
  raw: { bytes: text, hold: optional({ is: (value) => typeof value === 'boolean', want: 'true or false' }) },
} satisfies Record<Fault['kind'], Record<string, Check>>

const isKind = (kind: unknown): kind is Fault['kind'] => typeof kind === 'string' && Object.hasOwn(MEMBERS, kind)

/** Every kind with its members and what each must be, for a reader. */
export const faultKinds = (): Record<string, Record<string, string>> =>
  Object.fromEntries(
    Object.entries<Record<string, Check>>(MEMBERS).map(([kind, checks]) => [
      kind,
      Object.fromEntries(
        Object.entries(checks).map(([name, { want, optional }]) => [name, optional ? `${want}; optional` : want]),
      ),
    ]),
  )

/** A fault that came as JSON, or one sentence on what is wrong with it. */
export function parseFault(given: unknown): Fault | string {
  if (!isObject(given)) return 'A fault is an object with a "kind", for example {"kind":"hang"}'
  const { kind, ...members } = given
  if (!isKind(kind)) return `"kind" must be one of ${Object.keys(MEMBERS).join(', ')}`
  const checks: Record<string, Check> = MEMBERS[kind]
  for (const [name, check] of Object.entries(checks))
    if (!(check.optional && members[name] === undefined) && !check.is(members[name]))
      return `"${name}" of ${kind} must be ${check.want}`
  const unknown = Object.keys(members).find((name) => !Object.hasOwn(checks, name))
  if (unknown !== undefined) return `${kind} has no member "${unknown}"`
  return given as Fault
}
