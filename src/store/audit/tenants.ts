import { written } from '../text.ts'

/** Whose entries stand in the audit. */
export interface AuditTenants {
  tenants: string[]
  /** Names that no tenant can have, as SQL writes them (`x'00ff'`): somebody else has put such entries there. */
  strange: string[]
}

/** A name as the database gave it, and the bytes in hexadecimal that stand there. */
export interface FoundName {
  name: unknown
  hex: string
}

/** Whether it is a name as we write it. One that is read back as another text no query by its name meets. */
const isOurs = ({ name, hex }: FoundName): boolean =>
  typeof name === 'string' && written(name) === name && Buffer.from(name).toString('hex') === hex.toLowerCase()

/** Tells names that tenants can have from all others. */
export function sortNames(found: readonly FoundName[]): AuditTenants {
  return {
    tenants: found.filter(isOurs).map(({ name }) => name as string),
    strange: found.filter((one) => !isOurs(one)).map(({ hex }) => `x'${hex.toLowerCase()}'`),
  }
}
