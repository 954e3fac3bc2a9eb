type Env = Readonly<Record<string, string | undefined>>

/** A whole number from 1 out of the environment. Throws when it is none. */
export function numberOf(env: Env, name: string, standard: number): number {
  const given = env[name]
  if (given === undefined || given === '') return standard
  if (/^[1-9]\d{0,8}$/.test(given)) return Number(given)
  throw new Error(`${name} must be a whole number from 1, not ${given}`)
}

/** CHAOS_SEED, or one of this moment. */
export const seedOf = (env: Env): number => numberOf(env, 'CHAOS_SEED', 1 + (Date.now() % 1_000_000))
