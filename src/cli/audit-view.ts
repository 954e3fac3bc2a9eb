import type { AuditVerdictView } from '../contract/audit.ts'
import type { AuditBundle } from '../contract/audit-event.ts'
import { plural } from './numbers.ts'
import { printable } from './printable.ts'
import type { Paint, Terminal } from './terminal.ts'

/** A verdict as lines. `whose` names the chain. */
export function verdictLines(whose: string, { ok, entries, head, breaks }: AuditVerdictView, paint: Paint): string[] {
  const checked = `${entries} ${entries === 1 ? 'entry' : 'entries'} checked`
  if (ok)
    return [
      `${paint('green', 'whole')}   ${printable(`${whose}: ${checked}${head.seq === 0 ? '' : `, head ${head.seq} ${head.hash}`}`)}`,
    ]
  return [
    `${paint('red', 'BROKEN')}  ${printable(whose)}: ${checked}, ${plural(breaks.length, 'break')}`,
    ...breaks.map(({ seq, kind, detail }) =>
      printable(`  ${seq === 0 ? 'chain' : `entry ${seq}`}  ${kind}: ${detail}`),
    ),
  ]
}

type Entry = AuditBundle['entry'][number]

/** Writes pages as one Bundle while they come: the whole audit need not fit into memory. */
export async function writeBundle(pages: AsyncIterable<readonly Entry[]>, terminal: Terminal): Promise<number> {
  terminal.out(`{"resourceType":"Bundle","type":"collection","timestamp":"${new Date().toISOString()}","entry":[`)
  let count = 0
  for await (const entries of pages)
    for (const entry of entries) terminal.out(`${count++ === 0 ? '' : ','}\n${JSON.stringify(entry)}`)
  terminal.out('\n]}\n')
  terminal.err(`${count} ${count === 1 ? 'entry' : 'entries'}\n`)
  return count
}
