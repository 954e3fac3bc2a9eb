import type { RosterFile } from '../src/contract/roster.ts'

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** What `npm run simulate` prints when its servers listen: where each model is, and how to break one. */
export function banner(roster: RosterFile): string {
  const agentsOf = (id: string): string =>
    Object.entries(roster.agents)
      .filter(([, { model }]) => model === id)
      .map(([agent]) => agent)
      .join(', ')
  const rows = roster.models.map(({ id, url, gpu, slots }) => [
    id,
    url,
    `GPU ${gpu}`,
    String(slots ?? ''),
    agentsOf(id),
  ])
  const faults = `${new URL(roster.models[0]?.url ?? 'http://127.0.0.1').origin}/simulator/faults`
  const post = (what: string, fault: string): string => `  # ${what}\n  curl -s ${faults} -d '${fault}'`
  return `Simulated model servers: they write no medicine, only quotes from what they are given.

${table([['MODEL', 'URL', 'PINNED TO', 'SLOTS', 'AGENTS'], ...rows])}

To see the service cope with a broken server, break one (here ${roster.models[0]?.id}):
${post('the next request gets no answer', '{"kind":"hang"}')}
${post('one 503, then a right answer', '[{"kind":"status","status":503},null]')}
${post('every answer breaks off half-way', '{"always":{"kind":"reset","at":"body"}}')}
${post('the port is closed for 20 seconds', '{"kind":"refuse","for_ms":20000}')}
${post('right again', '[]')}

Every kind of fault: GET /simulator/faults (what each is for: simulator/faults.ts). What a server has seen: GET /simulator/ledger. Stop with Ctrl+C.
`
}
