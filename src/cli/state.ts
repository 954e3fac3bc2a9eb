import { ServiceHealth } from '../contract/health.ts'
import { RosterView } from '../contract/roster.ts'
import { type Counts, Stats } from '../contract/stats.ts'
import type { Client } from './client.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { printable } from './printable.ts'
import { readAs } from './read-as.ts'
import { columned } from './table.ts'
import type { Terminal } from './terminal.ts'

const ms = (value: number | null): string => (value === null ? '–' : `${Math.round(value)} ms`)
const percent = (share: number): string => `${Math.round(share * 100)} %`

function write(json: boolean, raw: unknown, lines: () => string[], { out }: Terminal): void {
  out(json ? `${JSON.stringify(raw, null, 2)}\n` : `${lines().map(printable).join('\n')}\n`)
}

const stateOf = ({ off, reachable, breaker }: { off: string | null; reachable: boolean | null; breaker: string }) => {
  if (off !== null) return 'off'
  if (reachable === null) return 'not asked yet'
  return reachable ? (breaker === 'closed' ? 'up' : `up, breaker ${breaker}`) : 'DOWN'
}

/** Why models are off, below their table: a sentence in a column would push all others aside. */
const reasonsOf = (models: readonly { id: string; off: string | null }[]): string[] => {
  const off = models.filter((model) => model.off !== null)
  return off.length === 0 ? [] : ['', ...off.map(({ id, off }) => `${id}: ${off}`)]
}

/** `models`: every model with where it is and how it does. */
export async function modelsCommand(json: boolean, client: Client, terminal: Terminal): Promise<ExitCode> {
  const raw = await client.get('/v1/roster')
  const { models } = readAs(RosterView, raw, 'no roster')
  const rows = models.map(({ id, gpu, slots, busy, queued, agents, last_latency_ms, ...state }) => [
    id,
    `GPU ${gpu}`,
    `${busy}/${slots} busy, ${queued} waiting`,
    ms(last_latency_ms),
    stateOf(state),
    agents.join(', '),
  ])
  const lines = () => [
    ...columned([['MODEL', 'ON', 'SLOTS', 'LAST', 'STATE', 'AGENTS'], ...rows]),
    ...reasonsOf(models),
  ]
  write(json, raw, lines, terminal)
  return EXIT.ok
}

/** `health`: everything that the service rests on. Fails when something that is needed is down. */
export async function healthCommand(json: boolean, client: Client, terminal: Terminal): Promise<ExitCode> {
  const raw = await client.get('/v1/health')
  const { ok, parts, models } = readAs(ServiceHealth, raw, 'no health')
  const lines = () => [
    ...columned(
      parts.map(({ name, kind, ok: fine, needed, reason }) => [
        name,
        kind,
        fine ? 'ok' : needed ? 'DOWN' : 'not available',
        reason ?? '',
      ]),
    ),
    '',
    ...columned(
      models.map(({ id, url, gpu, last_latency_ms, ...state }) => [
        id,
        `GPU ${gpu}`,
        url,
        stateOf(state),
        ms(last_latency_ms),
      ]),
    ),
    ...reasonsOf(models),
    '',
    ok ? 'Everything that is needed is up.' : 'Something that is needed is down.',
  ]
  write(json, raw, lines, terminal)
  return ok ? EXIT.ok : EXIT.failed
}

const countsRow = (name: string, { tasks, success_rate, tokens, cost, latency_ms }: Counts): string[] => [
  name,
  `${tasks}`,
  percent(success_rate),
  `${tokens}`,
  cost.toFixed(4),
  ms(latency_ms),
]

/** `stats`: what the caller's tenant has had done since the service started. */
export async function statsCommand(json: boolean, client: Client, terminal: Terminal): Promise<ExitCode> {
  const raw = await client.get('/v1/stats')
  const { since, tasks, by_type, by_model, cached, spending, memory } = readAs(Stats, raw, 'no statistics')
  const head = ['', 'TASKS', 'SUCCEEDED', 'TOKENS', 'DOLLARS', 'MEAN']
  const table = (counts: Record<string, Counts>) => Object.entries(counts).map(([name, row]) => countsRow(name, row))
  const lines = () => [
    `Since ${since}, this process, your tenant`,
    '',
    ...columned([head, countsRow('all', tasks), ...table(by_type), ...table(by_model)]),
    '',
    `${cached} answered from memory of earlier answers`,
    ...spending.map(
      ({ account, spent, set_aside, limit }) =>
        `${account}: ${spent.toFixed(4)} spent and ${set_aside.toFixed(4)} set aside of ${limit ?? 'no limit'} US dollars today`,
    ),
    memory.available
      ? `Memory: ${memory.documents} documents, ${memory.passages} passages`
      : `Memory: not available. ${memory.reason}`,
  ]
  write(json, raw, lines, terminal)
  return EXIT.ok
}
