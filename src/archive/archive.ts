import { hash, randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import type { ApprovalDecision } from '../contract/approval.ts'
import type { ExecuteRequest } from '../contract/execute.ts'
import type { ApprovalView, RunAccepted, RunList, RunsQuery, RunView } from '../contract/runs.ts'
import type { RunAnswer, RunCaller, RunEnd, RunsDesk, SubmitOptions, Watching } from '../contract/service.ts'
import { Problem } from '../errors.ts'
import type { Admitted, Orchestrator } from '../orchestrator.ts'
import { resultsSoFar } from '../results/assemble.ts'
import type { Store } from '../store/port.ts'
import type { Lease, NewRun, RunDetail, RunRecord } from '../store/records.ts'
import { applyDecisions } from './approvals.ts'
import { decide } from './decide.ts'
import { Keeper } from './keeper.ts'
import { LiveRuns } from './live.ts'
import { Neighbours, type RunNotices } from './neighbours.ts'
import { noteOf, SERVICE } from './notes.ts'
import { cancelledBy, runPlain } from './plain-run.ts'
import { RunInHand } from './run-in-hand.ts'
import { type SavedRequest, savedEnd, savedRequest } from './saved.ts'
import { summaryOf, viewOf } from './view.ts'
import { noSuchRun, watchRun } from './watch.ts'
import { checkTarget, TARGET_FAULTS } from './webhooks/target.ts'

/** More would only make the queues of the lanes longer. */
const MOST_IN_HAND = 256

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
  /** Hears that runs have ended, so that their webhooks may be told. */
  onEnded?: () => void
}

/** A run that this process works on. */
interface Held {
  cancel: () => void
  durable: RunInHand | null
}

/** Accepts runs, keeps them, and answers what is asked about them. What is accepted reaches an end, here or elsewhere. */
export class Archive implements RunsDesk {
  readonly #parts: Required<Omit<ArchiveParts, 'owner' | 'notices'>>
  readonly #owner: string
  readonly #live = new LiveRuns((run_id) => this.#neighbours.changed(run_id))
  readonly #neighbours: Neighbours
  readonly #inHand = new Map<string, Held>()
  readonly #ids = new Set<string>()
  readonly #keeper: Keeper
  /** Of those in hand, how many nobody has to wait for here. */
  #durable = 0
  #stopping = false

  constructor({ owner = randomUUID(), now = Date.now, onEnded = () => undefined, notices, ...parts }: ArchiveParts) {
    this.#parts = { ...parts, now, onEnded }
    this.#owner = owner
    this.#keeper = new Keeper({
      ...parts,
      owner,
      now,
      inHand: this.#ids,
      room: () => (this.#stopping ? 0 : MOST_IN_HAND - this.#durable),
      take: (run) => this.#take(run),
      cancel: (run_id) => this.#inHand.get(run_id)?.cancel(),
    })
    this.#neighbours = new Neighbours(notices ?? null, {
      changed: (run_id) => {
        if (!this.#inHand.has(run_id)) this.#live.stir(run_id)
      },
      cancel: (run_id) => this.#inHand.get(run_id)?.cancel(),
      wake: () => this.#keeper.wake(),
    })
  }

  start(): Promise<void> {
    return this.#keeper.start()
  }

  /** Gives back what can go on elsewhere. Runs for which a caller waits without a key are left to the orchestrator. */
  handOver(): void {
    this.#stopping = true
    for (const { durable } of this.#inHand.values()) durable?.handOver()
  }

  /** Resolves when nothing of this process is at work on the store any more. */
  async stop(): Promise<void> {
    this.handOver()
    await this.#keeper.stop()
    await Promise.allSettled([...this.#inHand.values()].map(({ durable }) => durable?.done))
  }

  async execute(request: ExecuteRequest, options: SubmitOptions): Promise<RunAnswer> {
    const { store, orchestrator, journal } = this.#parts
    const { caller, idempotency_key = null, respond_async = false, timeline = false } = options
    const { tenant } = caller
    if (options.webhook) checkWebhook(options.webhook, this.#parts.webhookHosts)
    const saved: SavedRequest = { request, timeline, keyed: idempotency_key !== null }
    if (idempotency_key !== null) {
      const known = await store.idempotent(tenant, idempotency_key)
      if (known !== null) return this.#replay(known.run_id, known.body_hash === hashOf(request, options), options)
    }
    const admitted = respond_async ? orchestrator.plan(request) : orchestrator.admit(request, tenant)
    const durable = respond_async || idempotency_key !== null || needsHuman(admitted)
    if (!durable && !journal) return { kind: 'ended', end: await this.#runUnrecorded(admitted, options) }

    const request_hash = hashOf(request, options)
    const mine = !respond_async || this.#durable < MOST_IN_HAND
    const run: NewRun = {
      tenant,
      run_id: admitted.run_id,
      workflow_type: request.workflow_type,
      mode: respond_async ? 'async' : 'sync',
      subject: caller.subject,
      owner: mine ? this.#owner : null,
      request: saved,
      request_hash,
      idempotency_key,
      webhook: options.webhook ?? null,
      at: this.#parts.now(),
    }
    const note = noteOf(caller, 'run.create', run.run_id, run.at, { workflow: run.workflow_type, request_hash })
    const accepted = await store.accept(run, note)
    if (accepted.kind !== 'created') return this.#replay(accepted.run_id, accepted.kind === 'replayed', options)
    if (!durable) return { kind: 'ended', end: await this.#runRecorded(accepted.lease, admitted, options) }
    if (mine) {
      const stop = options.emit && this.#live.listen(run.run_id, (told) => told && options.emit?.(told.event, told.id))
      const inHand = this.#hold(new RunInHand(this.#hands, accepted.lease, freshDetail(run), admitted))
      // Whoever has no key cannot come back for it.
      if (!respond_async && idempotency_key === null) options.cancel?.onCancel(() => inHand.cancel())
      if (!respond_async) return this.#answerOf(inHand).finally(stop)
    } else this.#neighbours.wake()
    return { kind: 'accepted', run_id: run.run_id, status: 'queued', replayed: false }
  }

  async list(tenant: string, query: RunsQuery): Promise<RunList> {
    const { status, workflow_type, cursor, limit } = query
    const filter = {
      limit,
      ...(status && { status }),
      ...(workflow_type && { workflow_type }),
      ...(cursor && { cursor }),
    }
    const { runs, next_cursor } = await this.#parts.store.runs(tenant, filter)
    return { runs: runs.map(summaryOf), next_cursor }
  }

  async view(tenant: string, run_id: string): Promise<RunView> {
    const { store } = this.#parts
    const run = await store.run(tenant, run_id)
    if (run === null) throw noSuchRun()
    const approvals = await store.approvals(tenant, run_id)
    const end = savedEnd(run) ?? applyDecisions(new Map(), approvals).document?.end ?? null
    return viewOf({ run, end, approvals, results: end === null ? await this.#resultsSoFar(run) : [] })
  }

  async cancel(caller: RunCaller, run_id: string): Promise<RunAccepted> {
    const { store, now } = this.#parts
    const asked = await store.requestCancel(caller.tenant, run_id, noteOf(caller, 'run.cancel', run_id, now()))
    if (!asked.ok && asked.reason === 'not_found') throw noSuchRun()
    const here = this.#inHand.get(run_id)
    if (here !== undefined) here.cancel()
    else if (asked.ok) await this.#cancelElsewhere(caller.tenant, run_id)
    const run = await store.run(caller.tenant, run_id)
    return { run_id, status: run?.status ?? 'cancelled' }
  }

  async decide(caller: RunCaller, run_id: string, decision: ApprovalDecision): Promise<ApprovalView> {
    const decided = await decide(this.#parts.store, { caller, run_id, decision, at: this.#parts.now() })
    this.#keeper.wake()
    this.#neighbours.wake()
    return decided
  }

  watch(watching: Watching) {
    return watchRun({ store: this.#parts.store, live: this.#live }, watching)
  }

  get #hands() {
    return { ...this.#parts, live: this.#live }
  }

  #hold(inHand: RunInHand): RunInHand {
    const { log, onEnded } = this.#parts
    const { run_id } = inHand
    this.#durable++
    this.#ids.add(run_id)
    const held = { cancel: () => inHand.cancel(), durable: inHand }
    this.#inHand.set(run_id, held)
    inHand.done
      .then(({ kind }) => {
        if (kind === 'ended') onEnded()
        if (kind === 'handed_over') this.#neighbours.wake()
        // Somebody may have decided before it was parked.
        if (kind === 'parked') this.#keeper.wake()
      })
      .catch((err: unknown) => log.error({ err, run_id }, 'fault while working on a stored run'))
      .finally(() => {
        const wasFull = this.#durable-- >= MOST_IN_HAND
        this.#letGo(run_id, held)
        // Others may wait for room only then; a look after every run would cost more than the run.
        if (wasFull) this.#keeper.wake()
      })
    return inHand
  }

  /** Unless this process has the run in hand anew by now. */
  #letGo(run_id: string, held: Held): void {
    if (this.#inHand.get(run_id) !== held) return
    this.#ids.delete(run_id)
    this.#inHand.delete(run_id)
  }

  async #runUnrecorded(admitted: Admitted, options: SubmitOptions): Promise<RunEnd> {
    const { store, orchestrator, now } = this.#parts
    const { caller } = options
    const { request, run_id } = admitted
    const note = noteOf(caller, 'run.create', run_id, now(), { workflow: request.workflow_type, journal: false })
    const noted = store.note(caller.tenant, [{ ...note, outcome: 'ok' }], { lazy: true })
    // What is told while it goes on is an answer too.
    if (options.emit) await noted
    const cancel = cancelledBy(options)
    const running = orchestrator.run(admitted, { ...options, cancel })
    try {
      await noted
    } catch (error) {
      cancel.cancel('cancelled')
      await running
      throw error
    }
    return (await running) as RunEnd
  }

  async #runRecorded(lease: Lease, admitted: Admitted, options: SubmitOptions): Promise<RunEnd> {
    const { run_id } = lease
    const cancel = cancelledBy(options)
    this.#ids.add(run_id)
    const held: Held = { cancel: () => cancel.cancel('cancelled'), durable: null }
    this.#inHand.set(run_id, held)
    const onTrouble = ({ fault }: { fault: string }) =>
      this.#parts.log.warn({ run_id, fault }, 'the store does not take the end of a run; trying again')
    try {
      return await runPlain({ ...this.#parts, onTrouble }, lease, admitted, { ...options, cancel })
    } finally {
      this.#letGo(run_id, held)
    }
  }

  async #answerOf(inHand: RunInHand): Promise<RunAnswer> {
    const worked = await inHand.done
    if (worked.kind === 'ended') return worked
    const { run_id, tenant } = inHand
    if (worked.kind === 'handed_over')
      throw new Problem(
        'not_ready',
        'The service is shutting down; the run goes on after it. Repeat with the same key.',
        {
          retryAfterS: 5,
        },
      )
    const run = await this.view(tenant, run_id)
    if (run.finished_at !== null) return { kind: 'replayed', run }
    return { kind: 'accepted', run_id, status: run.status, replayed: false }
  }

  async #replay(run_id: string, sameBody: boolean, options: SubmitOptions): Promise<RunAnswer> {
    const { store, now } = this.#parts
    const { caller, cancel, respond_async = false } = options
    if (!sameBody)
      throw new Problem('idempotency_mismatch', 'This Idempotency-Key came with another body before.', {
        errors: [{ field: 'Idempotency-Key', message: 'must be a new one for a new request' }],
      })
    await store.note(caller.tenant, [{ ...noteOf(caller, 'run.replay', run_id, now()), outcome: 'ok' }])
    const isOpen = async () => {
      const run = await this.view(caller.tenant, run_id)
      return run.finished_at === null ? run : { kind: 'replayed' as const, run }
    }
    const known = await isOpen()
    if ('kind' in known) return known
    if (!respond_async && known.status !== 'awaiting_approval') {
      const left = cancel ?? cancelledBy({ caller })
      const { emit = () => undefined } = options
      await this.watch({ tenant: caller.tenant, run_id, after: 0, emit, left })
    }
    const now_known = await isOpen()
    if ('kind' in now_known) return now_known
    return { kind: 'accepted', run_id, status: now_known.status, replayed: true }
  }

  /** Claims what nobody has, or what its owner has left, and goes on with it. */
  async #take(seen: RunRecord): Promise<void> {
    const { store, now, log } = this.#parts
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
    const inHand = this.#hold(new RunInHand(this.#hands, claimed.lease, run))
    if (abandoned) inHand.cancel()
  }

  /** Whoever waited for it is gone, and nobody else can ask for it; unless a human has had to do with it. */
  async #isAbandoned(run: RunDetail): Promise<boolean> {
    if (run.mode !== 'sync' || savedRequest(run).keyed) return false
    return (await this.#parts.store.approvals(run.tenant, run.run_id)).length === 0
  }

  /** Of a run that nobody has in hand: its end is made here. Of one that another process has: that one hears of it soon. */
  async #cancelElsewhere(tenant: string, run_id: string): Promise<void> {
    const run = await this.#parts.store.run(tenant, run_id)
    if (run === null || run.finished_at !== null) return
    if (run.owner === null || run.status === 'awaiting_approval') await this.#take(run)
    else this.#neighbours.cancel(run_id)
  }

  async #resultsSoFar(run: RunDetail) {
    const tasks = await this.#parts.store.tasks(run.tenant, run.run_id)
    if (tasks.length === 0) return []
    try {
      const { plan } = this.#parts.orchestrator.plan(savedRequest(run).request, run.run_id)
      return resultsSoFar(plan.tasks, new Map(tasks.map(({ task_id, outcome }) => [task_id, outcome])))
    } catch (error) {
      // A roster that has changed: the run will end saying so.
      if (error instanceof Problem) return []
      throw error
    }
  }
}

function checkWebhook(url: string, hosts: readonly string[] | null): void {
  const target = hosts === null ? null : checkTarget(url, hosts)
  if (target?.ok) return
  const message = target === null ? 'is off here: WEBHOOK_HOSTS is not set' : TARGET_FAULTS[target.fault]
  throw new Problem('invalid_request', 'The webhook_url cannot be called; see errors.', {
    errors: [{ field: 'webhook_url', message }],
  })
}

/** Two requests are the same when they ask for the same run, answered in the same form. */
const hashOf = (request: ExecuteRequest, { timeline = false, webhook = null }: SubmitOptions): string =>
  hash('sha256', JSON.stringify([request, timeline, webhook]))

const needsHuman = ({ plan }: Admitted): boolean =>
  plan.approval !== null || plan.tasks.some(({ requires_approval }) => requires_approval)

const freshDetail = (run: NewRun): RunDetail => ({
  tenant: run.tenant,
  run_id: run.run_id,
  workflow_type: run.workflow_type,
  mode: run.mode,
  subject: run.subject,
  status: 'queued',
  epoch: 1,
  owner: run.owner,
  request_hash: run.request_hash,
  created_at: run.at,
  started_at: null,
  finished_at: null,
  touched_at: run.at,
  cancel_requested_at: null,
  last_event_id: 0,
  request: run.request,
  response: null,
})
