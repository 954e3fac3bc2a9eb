import { AuditVerdictView } from '../contract/audit.ts'
import { AuditBundle } from '../contract/audit-event.ts'
import { verdictLines, writeBundle } from './audit-view.ts'
import type { Client } from './client.ts'
import { ServiceError } from './errors.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import type { Terminal } from './terminal.ts'

const PAGE = 1000

const foreign = (what: string) =>
  new ServiceError(`The service does not answer as Consilium does: ${what}. Check --url.`)

/** `audit verify`: asks the service about the chain of the token's tenant. */
export async function verifyCommand(json: boolean, client: Client, terminal: Terminal): Promise<ExitCode> {
  const raw = await client.get('/v1/audit/verify')
  const verdict = AuditVerdictView.safeParse(raw)
  if (!verdict.success) throw foreign('no verdict on its audit')
  if (json) terminal.out(`${JSON.stringify(raw, null, 2)}\n`)
  else terminal.out(`${verdictLines('the audit of this tenant', verdict.data, terminal.paint).join('\n')}\n`)
  return verdict.data.ok ? EXIT.ok : EXIT.failed
}

async function* pagesOf(client: Client): AsyncGenerator<AuditBundle['entry']> {
  for (let path: string | undefined = `/v1/audit/export?limit=${PAGE}`; path !== undefined; ) {
    const bundle = AuditBundle.safeParse(await client.get(path))
    if (!bundle.success) throw foreign('no Bundle of its audit')
    yield bundle.data.entry
    path = bundle.data.link.find(({ relation }) => relation === 'next')?.url
    // Only ever back to the same service, whatever it says.
    if (path !== undefined && !path.startsWith('/v1/audit/export?')) throw foreign('a page of its audit elsewhere')
  }
}

/** `audit export`: all pages of the service as one Bundle on standard output. */
export async function exportCommand(client: Client, terminal: Terminal): Promise<ExitCode> {
  await writeBundle(pagesOf(client), terminal)
  return EXIT.ok
}
