import type { RosterFile, RosterModel } from '../src/contract/roster.ts'
import { builtinRoster } from '../src/models/builtin-roster.ts'
import { createLedger, type Ledger } from './ledger.ts'
import type { ModelServerOptions } from './options.ts'
import type { OrchestratorScript } from './orchestrator.ts'
import type { ChatRequest } from './request.ts'
import { type ModelServer, startModelServer } from './server.ts'

export interface SimulatorOptions
  extends Pick<
    ModelServerOptions,
    'tokensPerSecond' | 'reply' | 'echo' | 'markSimulated' | 'tokenize' | 'keepEntries'
  > {
  /** @default the built-in roster */
  roster?: RosterFile
  /** Where to listen. @default 127.0.0.1 on free ports, else each model's host in the roster */
  host?: string
  /** `roster`: on the ports of the roster's URLs. @default 'free' */
  ports?: 'roster' | 'free'
  /** Of every model, or by the request and the model that it came to. @default 0 */
  latencyMs?: number | ((request: ChatRequest, model: RosterModel) => number)
  /** In place of every model's slots; stands in the returned roster too. */
  slots?: number
  /** Models that play an orchestrator model, by their id. */
  orchestrators?: Readonly<Record<string, OrchestratorScript>>
  /** By model id. */
  apiKeys?: Readonly<Record<string, string>>
}

export interface Simulator {
  /** By model id, in the order of the roster. */
  readonly servers: ReadonlyMap<string, ModelServer>
  /** The roster with the URLs where the servers really are, and with their slots. */
  readonly roster: RosterFile
  /** Over all servers. */
  readonly ledger: Ledger
  close(): Promise<void>
}

/** Says which model could not listen where, and keeps the code (`EADDRINUSE`) of the cause. */
export class PortError extends Error {
  override readonly name = 'PortError'
  readonly code: string
  constructor(model: RosterModel, where: string, cause: NodeJS.ErrnoException) {
    super(`Cannot listen on ${where} for ${model.id}: ${cause.code ?? cause.message}`, { cause })
    this.code = cause.code ?? ''
  }
}

function placeOf(model: RosterModel, { host, ports }: SimulatorOptions) {
  const url = new URL(model.url)
  const basePath = url.pathname.replace(/\/+$/, '')
  if (ports !== 'roster') return { host: host ?? '127.0.0.1', port: 0, basePath }
  const listed = url.hostname.replace(/^\[|\]$/g, '')
  return { host: host ?? listed, port: Number(url.port || (url.protocol === 'https:' ? 443 : 80)), basePath }
}

/** Of a model that the roster leaves to its server, as they fit a GPU of 24 GB: a small model has room for more. */
const slotsOf = ({ slots, context_window = 8192 }: RosterModel): number => slots ?? (context_window <= 2048 ? 4 : 2)

function serverOptions(model: RosterModel, options: SimulatorOptions): ModelServerOptions {
  const { latencyMs, apiKeys, orchestrators, roster: _, ports: __, ...shared } = options
  const orchestrator = orchestrators?.[model.id]
  const apiKey = apiKeys?.[model.id]
  return {
    ...shared,
    model: model.served_model ?? model.id,
    slots: slotsOf(model),
    ...placeOf(model, options),
    ...(model.context_window !== undefined && { context_window: model.context_window }),
    ...(apiKey !== undefined && { apiKey }),
    ...(orchestrator !== undefined && { orchestrator }),
    ...(latencyMs !== undefined && {
      latencyMs: typeof latencyMs === 'number' ? latencyMs : (request: ChatRequest) => latencyMs(request, model),
    }),
  }
}

async function startOne(model: RosterModel, options: ModelServerOptions): Promise<ModelServer> {
  try {
    return await startModelServer(options)
  } catch (cause) {
    throw new PortError(model, `${options.host}:${options.port}`, cause as NodeJS.ErrnoException)
  }
}

/** Starts a simulated server for every model of a roster. Rejects with a PortError, and leaves nothing behind. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { roster = builtinRoster, slots } = options
  const ledger = createLedger(options.keepEntries)
  const models = roster.models.map((model) => (slots === undefined ? model : { ...model, slots }))
  const starts = models.map((model) => startOne(model, { ...serverOptions(model, options), sharedLedger: ledger }))
  const started = await Promise.allSettled(starts)
  const running = started.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []))
  const close = async (): Promise<void> => {
    await Promise.all(running.map((server) => server.close()))
  }
  const failed = started.find((start) => start.status === 'rejected')
  if (failed) {
    await close()
    throw failed.reason
  }
  const pairs = models.map((model, at) => [model, running[at] as ModelServer] as const)
  return {
    servers: new Map(pairs.map(([model, server]) => [model.id, server])),
    roster: { ...roster, models: pairs.map(([model, { url }]) => ({ ...model, slots: slotsOf(model), url })) },
    ledger,
    close,
  }
}
