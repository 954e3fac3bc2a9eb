import { randomBytes } from 'node:crypto'
import { SERVICE_CHAIN } from '../../contract/audit.ts'
import type { Db } from '../backend.ts'

/** The room of a few runs: a disk on which only less is left takes none for long. */
const BYTES = 65_536

/** No run has such an id, and no caller this tenant. */
const PLACE = { tenant: SERVICE_CHAIN, run_id: 'try-write', id: 0 } as const

/** Writes a row and takes it away again. Random, because PostgreSQL packs what can be packed. */
export async function tryWrite(trx: Db): Promise<void> {
  await trx
    .insertInto('events')
    .values({ ...PLACE, event: 'try-write', at: 0, data: randomBytes(BYTES) })
    .execute()
  await trx
    .deleteFrom('events')
    .where('tenant', '=', PLACE.tenant)
    .where('run_id', '=', PLACE.run_id)
    .where('id', '=', PLACE.id)
    .execute()
}
