import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import type { ApprovalDecision } from '../contract/approval.ts'
import type { ExecuteRequest } from '../contract/execute.ts'
import type { ApprovalView, RunAccepted, RunList, RunsQuery, RunView } from '../contract/runs.ts'
import type { RunAnswer, RunCaller, RunsDesk, SubmitOptions, Watching } from '../contract/service.ts'
import { Problem } from '../errors.ts'
import type { Orchestrator } from '../orchestrator.ts'
import { resultsSoFar } from '../results/assemble.ts'
import type { Store } from '../store/port.ts'
import type { RunDetail, RunRecord } from '../store/records.ts'
import { Acceptance } from './acceptance.ts'
import { applyDecisions } from './approvals.ts'
import { decide } from './decide.ts'
import { Keeper } from './keeper.ts'
import { LiveRuns } from './live.ts'
import { Neighbours, type RunNotices, type RunOwners } from './neighbours.ts'
import { noteOf, SERVICE } from './notes.ts'
import { Outlook } from './outlook.ts'
import { type Hands, RunInHand, type Worked } from './run-in-hand.ts'
import { RunsInHand } from './runs-in-hand.ts'
import { savedEnd, savedRequest } from './saved.ts'
import { summaryOf, viewOf } from './view.ts'
import { noSuchRun, watchRun } from './watch.ts'

export interface ArchiveParts {
  store: Store
  orchestrator: Orchestrator
  log: Logger
  /** False: runs for which somebody waits leave an audit entry and no record (`JOURNAL=off`). */
  journal: boolean
  /** Nobody else can work on this store. */
  exclusive: boolean
  /** Id of this process. @default a new one */
  owner?: string
  /** Epoch ms. @default Date.now */
  now?: () => number
  /** Hosts that may be told of ends; null: webhooks are off. */
  webhookHosts: readonly string[] | null
  /** Between replicas. @default null, there are none */
  notices?: RunNotices | null
  /** Tells earlier than silence in the store who has ended. @default null, nobody can */
  owners?: RunOwners | null
  /** Hears that runs have ended, so that their webhooks may be told. */
  onEnded?: () => void
}

/** Accepts runs, keeps them, and answers what is asked about them. What is accepted reaches an end, here or elsewhere. */
export class Archive implements RunsDesk {
  readonly #hands: Hands
  readonly #owner: string
  readonly #inHand: RunsInHand
  readonly #neighbours: Neighbours
  readonly #keeper: Keeper
  readonly #outlook: Outlook
  readonly #acceptance: Acceptance
  readonly #onEnded: () => void

  constructor(parts: ArchiveParts) {
    const { store, orchestrator, log, owner = randomUUID(), now = Date.now, notices = null, owners = null } = parts
    const live = new LiveRuns((run_id) => this.#neighbours.changed(run_id))
    this.#hands = { store, orchestrator, log, now, live }
    this.#owner = owner
    this.#outlook = new Outlook(store)
    this.#onEnded = parts.onEnded ?? (() => undefined)
    this.#inHand = new RunsInHand({ log, onDone: (worked) => this.#onDone(worked), onRoom: () => this.#keeper.wake() })
    this.#keeper = new Keeper({
      store,
      log,
      owner,
      now,
      exclusive: parts.exclusive,
      inHand: this.#inHand.ids,
      room: () => this.#inHand.room,
      gone: async (silent) => (await owners?.gone(silent)) ?? new Set(),
      take: (run) => this.#take(run),
      cancel: (run_id) => void this.#inHand.cancel(run_id),
    })
    this.#neighbours = new Neighbours(notices, {
      changed: (run_id) => {
        if (!this.#inHand.has(run_id)) live.stir(run_id)
      },
      cancel: (run_id) => void this.#inHand.cancel(run_id),
      wake: () => this.#keeper.wake(),
    })
    this.#acceptance = new Acceptance({
      ...this.#hands,
      owner,
      journal: parts.journal,
      webhookHosts: parts.webhookHosts,
      inHand: this.#inHand,
      view: (tenant, run_id) => this.#look(tenant, run_id),
      watch: (watching) => this.watch(watching),
      onQueued: () => this.#neighbours.wake(),
    })
  }

  start(): Promise<void> {
    return this.#keeper.start()
  }

  /** Gives back what can go on elsewhere. Runs for which a caller waits without a key are left to the orchestrator. */
  handOver(): void {
    this.#inHand.handOver()
  }

  /** Resolves when nothing of this process is at work on the store any more. */
  async stop(): Promise<void> {
    this.handOver()
    await this.#keeper.stop()
    await this.#inHand.settled()
  }

  /** Throws a Problem when the request is refused; otherwise resolves when there is something to answer. */
  execute(request: ExecuteRequest, options: SubmitOptions): Promise<RunAnswer> {
    return this.#acceptance.execute(request, options)
  }

  async list(tenant: string, query: RunsQuery): Promise<RunList> {
    const { status, workflow_type, cursor, limit } = query
    const filter = {
      limit,
      ...(status && { status }),
      ...(workflow_type && { workflow_type }),
      ...(cursor && { cursor }),
    }
    const { runs, next_cursor } = await this.#hands.store.runs(tenant, filter)
    return { runs: runs.map(summaryOf), next_cursor }
  }

  async view(tenant: string, run_id: string): Promise<RunView> {
    return (await this.#look(tenant, run_id)).run
  }

  async #look(tenant: string, run_id: string): Promise<{ run: RunView; last_event_id: number }> {
    const { store } = this.#hands
    const run = await store.run(tenant, run_id)
    if (run === null) throw noSuchRun()
    const approvals = await store.approvals(tenant, run_id)
    const end = savedEnd(run) ?? applyDecisions(new Map(), approvals).document?.end ?? null
    const view = viewOf({ run, end, approvals, results: end === null ? await this.#resultsSoFar(run) : [] })
    return { run: view, last_event_id: run.last_event_id }
  }

  async cancel(caller: RunCaller, run_id: string): Promise<RunAccepted> {
    const { store, now } = this.#hands
    const asked = await store.requestCancel(caller.tenant, run_id, noteOf(caller, 'run.cancel', run_id, now()))
    if (!asked.ok && asked.reason === 'not_found') throw noSuchRun()
    const isHere = this.#inHand.cancel(run_id)
    if (!isHere && asked.ok) await this.#cancelElsewhere(caller.tenant, run_id)
    const run = await store.run(caller.tenant, run_id)
    return { run_id, status: run?.status ?? 'cancelled' }
  }

  async decide(caller: RunCaller, run_id: string, decision: ApprovalDecision): Promise<ApprovalView> {
    const decided = await decide(this.#hands.store, { caller, run_id, decision, at: this.#hands.now() })
    this.#keeper.wake()
    this.#neighbours.wake()
    return decided
  }

  watch(watching: Watching) {
    const { store, live } = this.#hands
    return watchRun({ store, live, outlook: this.#outlook }, watching)
  }

  #onDone({ kind }: Worked): void {
    if (kind === 'ended') this.#onEnded()
    else if (kind === 'handed_over') this.#neighbours.wake()
    // Somebody may have decided before it was parked.
    else if (kind === 'parked') this.#keeper.wake()
  }

  /** Claims what nobody has, or what its owner has left, and goes on with it. */
  async #take(seen: RunRecord): Promise<void> {
    const { store, now, log } = this.#hands
    const { tenant, run_id, owner } = seen
    const at = now()
    const claimed = await store.claim(
      { tenant, run_id, epoch: seen.epoch },
      this.#owner,
      at,
      owner === null ? null : noteOf(SERVICE, 'run.take_over', run_id, at),
    )
    if (!claimed.ok) return
    const run = await store.run(tenant, run_id)
    if (run === null) return
    if (owner !== null) log.warn({ run_id, epoch: claimed.lease.epoch }, 'run taken over')
    const abandoned = owner !== null && (await this.#isAbandoned(run))
    const inHand = this.#inHand.hold(new RunInHand(this.#hands, claimed.lease, run))
    if (abandoned) inHand.cancel()
  }

  /** Whoever waited for it is gone, and nobody else can ask for it; unless a human has had to do with it. */
  async #isAbandoned(run: RunDetail): Promise<boolean> {
    if (run.mode !== 'sync' || savedRequest(run).keyed) return false
    return (await this.#hands.store.approvals(run.tenant, run.run_id)).length === 0
  }

  /** Of a run that nobody has in hand: its end is made here. Of one that another process has: that one hears of it soon. */
  async #cancelElsewhere(tenant: string, run_id: string): Promise<void> {
    const run = await this.#hands.store.run(tenant, run_id)
    if (run === null || run.finished_at !== null) return
    if (run.owner === null || run.status === 'awaiting_approval') await this.#take(run)
    else this.#neighbours.cancel(run_id)
  }

  async #resultsSoFar(run: RunDetail) {
    const tasks = await this.#hands.store.tasks(run.tenant, run.run_id)
    if (tasks.length === 0) return []
    try {
      const { plan } = this.#hands.orchestrator.plan(savedRequest(run).request, { known_id: run.run_id })
      return resultsSoFar(plan.tasks, new Map(tasks.map(({ task_id, outcome }) => [task_id, outcome])))
    } catch (error) {
      // A roster that has changed: the run will end saying so.
      if (error instanceof Problem) return []
      throw error
    }
  }
}
