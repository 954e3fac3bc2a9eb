import { z } from 'zod'

type Schema = Record<string, unknown>

const isNull = (schema: unknown): boolean => (schema as Schema | null)?.type === 'null'

/** `T | null` as a nullable T. fast-json-stringify would run a validator over each value of an `anyOf`. */
function collapse(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(collapse)
  if (typeof schema !== 'object' || schema === null) return schema
  const collapsed: Schema = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, collapse(value)]))
  const { anyOf, ...rest } = collapsed
  if (!Array.isArray(anyOf) || anyOf.length !== 2 || !anyOf.some(isNull)) return collapsed
  return { ...(anyOf.find((branch) => !isNull(branch)) as Schema), ...rest, nullable: true }
}

/**
 * The draft-7 JSON schema of what a zod schema puts out, without `anyOf` for nullable values. Throws for a type that
 * JSON cannot show.
 */
export function responseSchema(schema: z.ZodType): Schema {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { target: 'draft-7', io: 'output', reused: 'inline' })
  return collapse(json) as Schema
}
