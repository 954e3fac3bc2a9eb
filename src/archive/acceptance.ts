import { hash } from 'node:crypto'
import type { ExecuteRequest } from '../contract/execute.ts'
import type { RunView } from '../contract/runs.ts'
import type { RunAnswer, RunEnd, SubmitOptions, Watching } from '../contract/service.ts'
import { Problem } from '../errors.ts'
import type { Admitted } from '../orchestrator.ts'
import { needsHuman } from '../plan/human.ts'
import type { Lease, NewRun, RunDetail } from '../store/records.ts'
import { departureNote, noteOf } from './notes.ts'
import { cancelledBy, hasLeft, runPlain } from './plain-run.ts'
import { type Hands, RunInHand } from './run-in-hand.ts'
import type { RunsInHand } from './runs-in-hand.ts'
import type { SavedRequest } from './saved.ts'
import { checkTarget, TARGET_FAULTS } from './webhooks/target.ts'

export interface AcceptanceParts extends Hands {
  inHand: RunsInHand
  /** Id of this process. */
  owner: string
  journal: boolean
  webhookHosts: readonly string[] | null
  /** `last_event_id`: of the last event that its history held then. */
  view: (tenant: string, run_id: string) => Promise<{ run: RunView; last_event_id: number }>
  watch: (watching: Watching) => Promise<unknown>
  /** A run was left for whoever takes it. */
  onQueued: () => void
}

/** Takes requests in: as plain runs, as runs in hand, or as the run that the same key stood for before. */
export class Acceptance {
  readonly #parts: AcceptanceParts

  constructor(parts: AcceptanceParts) {
    this.#parts = parts
  }

  async execute(request: ExecuteRequest, options: SubmitOptions): Promise<RunAnswer> {
    const { store, orchestrator, journal, webhookHosts } = this.#parts
    const { caller, idempotency_key = null, respond_async = false, left_cost = null } = options
    const { tenant } = caller
    if (options.webhook) checkWebhook(options.webhook, webhookHosts)
    if (idempotency_key !== null) {
      const known = await store.idempotent(tenant, idempotency_key)
      if (known !== null) return this.#replay(known.run_id, known.body_hash === hashOf(request, options), options)
    }
    const admitted = respond_async
      ? orchestrator.plan(request, { left_cost })
      : orchestrator.admit(request, tenant, left_cost)
    const durable = respond_async || idempotency_key !== null || needsHuman(admitted.plan)
    if (!durable && !journal) return { kind: 'ended', end: await this.#runUnrecorded(admitted, options) }
    return this.#accept(admitted, options, durable)
  }

  async #accept(admitted: Admitted, options: SubmitOptions, durable: boolean): Promise<RunAnswer> {
    const { store, inHand, onQueued } = this.#parts
    const { caller, respond_async = false } = options
    const run = this.#newRun(admitted, options)
    const { run_id, workflow_type, request_hash, at } = run
    const note = noteOf(caller, 'run.create', run_id, at, { workflow: workflow_type, request_hash })
    const accepted = await store.accept(run, note)
    if (accepted.kind !== 'created') return this.#replay(accepted.run_id, accepted.kind === 'replayed', options)
    const { lease } = accepted
    if (!durable) return { kind: 'ended', end: await this.#runRecorded(lease, admitted, options) }
    if (run.owner === null) onQueued()
    else if (!respond_async) return this.#runInHand(lease, run, admitted, options)
    else inHand.hold(new RunInHand(this.#parts, lease, freshDetail(run), admitted))
    return { kind: 'accepted', run_id, status: 'queued', replayed: false }
  }

  #newRun({ run_id, request }: Admitted, options: SubmitOptions): NewRun {
    const { inHand, owner, now } = this.#parts
    const { caller, idempotency_key = null, respond_async = false, timeline = false, webhook = null } = options
    return {
      tenant: caller.tenant,
      run_id,
      workflow_type: request.workflow_type,
      mode: respond_async ? 'async' : 'sync',
      subject: caller.subject,
      owner: !respond_async || inHand.room > 0 ? owner : null,
      request: { request, timeline, keyed: idempotency_key !== null } satisfies SavedRequest,
      request_hash: hashOf(request, options),
      idempotency_key,
      webhook,
      at: now(),
    }
  }

  /** A run that outlives its caller, while the caller waits. */
  async #runInHand(lease: Lease, run: NewRun, admitted: Admitted, options: SubmitOptions): Promise<RunAnswer> {
    const { live, inHand, now } = this.#parts
    const { caller, emit, cancel, idempotency_key = null } = options
    const stop = emit && live.listen(run.run_id, (told) => told && emit(told.event, told.id))
    const held = inHand.hold(new RunInHand(this.#parts, lease, freshDetail(run), admitted))
    const forget = cancel?.onCancel(() => {
      held.note(departureNote(caller, run.run_id, now()))
      // Whoever has no key cannot come back for it.
      if (idempotency_key === null) held.cancel()
    })
    try {
      return await this.#answerOf(held)
    } finally {
      stop?.()
      forget?.()
    }
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
    const end = (await running) as RunEnd
    if (hasLeft(options)) {
      const departure = departureNote(caller, run_id, now())
      await store.note(caller.tenant, [{ ...departure, outcome: 'ok' }], { lazy: true })
    }
    return end
  }

  async #runRecorded(lease: Lease, admitted: Admitted, options: SubmitOptions): Promise<RunEnd> {
    const { inHand, log } = this.#parts
    const { run_id } = lease
    const cancel = cancelledBy(options)
    const letGo = inHand.holdPlain(run_id, () => cancel.cancel('cancelled'))
    const onTrouble = ({ fault }: { fault: string }) =>
      log.warn({ run_id, fault }, 'the store does not take the end of a run; trying again')
    try {
      return await runPlain({ ...this.#parts, onTrouble }, lease, admitted, options, cancel)
    } finally {
      letGo()
    }
  }

  async #answerOf({ done, tenant, run_id }: RunInHand): Promise<RunAnswer> {
    const worked = await done
    if (worked.kind === 'ended') return worked
    if (worked.kind === 'handed_over')
      throw new Problem(
        'not_ready',
        'The service is shutting down; the run goes on after it. Repeat with the same key.',
        { retryAfterS: 5 },
      )
    return this.#answerNow(tenant, run_id, false)
  }

  async #answerNow(tenant: string, run_id: string, replayed: boolean): Promise<RunAnswer> {
    const { run, last_event_id } = await this.#parts.view(tenant, run_id)
    if (run.finished_at !== null) return { kind: 'replayed', run, last_event_id }
    return { kind: 'accepted', run_id, status: run.status, replayed }
  }

  async #replay(run_id: string, sameBody: boolean, options: SubmitOptions): Promise<RunAnswer> {
    const { store, now, watch } = this.#parts
    const { caller, cancel, respond_async = false, emit = () => undefined } = options
    const { tenant } = caller
    if (!sameBody)
      throw new Problem('idempotency_mismatch', 'This Idempotency-Key came with another body before.', {
        errors: [{ field: 'Idempotency-Key', message: 'must be a new one for a new request' }],
      })
    await store.note(tenant, [{ ...noteOf(caller, 'run.replay', run_id, now()), outcome: 'ok' }])
    const answer = await this.#answerNow(tenant, run_id, true)
    if (respond_async || answer.kind !== 'accepted' || answer.status === 'awaiting_approval') return answer
    await watch({ tenant, run_id, after: 0, emit, left: cancel ?? cancelledBy({ caller }) })
    if (hasLeft(options)) await store.note(tenant, [{ ...departureNote(caller, run_id, now()), outcome: 'ok' }])
    return this.#answerNow(tenant, run_id, true)
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

const freshDetail = ({ idempotency_key: _, webhook: __, at, ...run }: NewRun): RunDetail => ({
  ...run,
  status: 'queued',
  epoch: 1,
  created_at: at,
  started_at: null,
  finished_at: null,
  touched_at: at,
  cancel_requested_at: null,
  last_event_id: 0,
  response: null,
})
