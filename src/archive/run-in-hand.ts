import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import { ApprovalPolicy } from '../contract/approval.ts'
import type { CancelSignal } from '../contract/cancel.ts'
import type { RunEvent } from '../contract/events.ts'
import type { RunEnd } from '../contract/service.ts'
import { Problem } from '../errors.ts'
import { type Admitted, type Orchestrator, PARKED } from '../orchestrator.ts'
import { decideDocument } from '../results/approval.ts'
import { Cancellation } from '../run/cancellation.ts'
import type { Store } from '../store/port.ts'
import type { Lease, NewApproval, RunDetail } from '../store/records.ts'
import { type ApprovalDocument, applyDecisions, type DecidedSoFar, decisionOf } from './approvals.ts'
import { RunJournal } from './journal.ts'
import type { LiveRuns } from './live.ts'
import { callerOf, savedRequest } from './saved.ts'
import { unplannable } from './unplannable.ts'

/** How the work of this process on a run came to its end. */
export type Worked =
  | { kind: 'ended'; end: RunEnd }
  /** It waits for a human, in nobody's memory. */
  | { kind: 'parked' }
  /** Given back, so that another process goes on with it. */
  | { kind: 'handed_over' }
  /** Another process has it by now, or it has its end already. */
  | { kind: 'lost' }

export interface Hands {
  store: Store
  orchestrator: Orchestrator
  live: LiveRuns
  log: Logger
  /** Epoch ms. */
  now: () => number
}

const NOTHING_BEFORE: DecidedSoFar = {
  finished: new Map(),
  decided: new Set(),
  asked: new Set(),
  document: null,
}

/** A run that this process works on, from its lease to its end, its next human or its hand-over. */
export class RunInHand {
  readonly tenant: string
  readonly run_id: string
  /** Rejects only by a fault of ours; then the run stays as it is recorded and is taken over later. */
  readonly done: Promise<Worked>
  readonly #hands: Hands
  readonly #lease: Lease
  readonly #detail: RunDetail
  readonly #journal: RunJournal
  /** Cancelled when the run shall end; also when it is no longer ours. */
  readonly #signal = new Cancellation()
  #handsOff: 'handed_over' | 'lost' | null = null

  /** `admitted`: what this process has just planned for it. */
  constructor(hands: Hands, lease: Lease, detail: RunDetail, admitted: Admitted | null = null) {
    const { store, live, log, now } = hands
    const { run_id } = detail
    this.tenant = detail.tenant
    this.run_id = run_id
    this.#hands = hands
    this.#lease = lease
    this.#detail = detail
    this.#journal = new RunJournal({
      store,
      lease,
      last_event_id: detail.last_event_id,
      now,
      tell: (told) => live.publish(run_id, told),
      onLost: () => this.#letGo('lost'),
      onCancelAsked: () => this.cancel(),
      onTrouble: ({ fault }) => log.warn({ run_id, fault }, 'the store does not take what a run tells; trying again'),
      onFault: (err) => log.error({ err, run_id }, 'the store refuses what a run tells'),
    })
    if (detail.cancel_requested_at !== null) this.cancel()
    this.done = this.#work(admitted).finally(() => live.publish(run_id, null))
  }

  /** Somebody wants it no more: it ends as cancelled, with what it has. */
  cancel(): void {
    this.#signal.cancel('cancelled')
  }

  /** This process stops: what is in flight is given up, and the rest is left to whoever claims the run next. */
  handOver(): void {
    this.#letGo('handed_over')
  }

  #letGo(why: 'handed_over' | 'lost'): void {
    this.#handsOff ??= why
    this.#signal.cancel('stopped')
  }

  async #work(admitted: Admitted | null): Promise<Worked> {
    const before = this.#lease.epoch === 1 ? NOTHING_BEFORE : await this.#before()
    const { document } = before
    if (document !== null && document.approval.status !== 'pending') return this.#finishDecided(document)
    // Nothing to do before somebody decides, unless it is to end without that.
    if (document !== null && !this.#signal.cancelled) return this.#park()
    const planned = admitted === null ? this.#plan() : { admitted }
    if ('end' in planned) return this.#finish(planned.end)
    const reached = await this.#run(planned.admitted, before)
    if (this.#handsOff === 'lost') return { kind: 'lost' }
    if (this.#handsOff === 'handed_over') return this.#giveBack()
    if (reached === PARKED) return this.#park()
    const { plan } = planned.admitted
    if (plan.approval !== null && awaitsHuman(reached)) {
      this.#ask(null, { end: reached }, plan.approval)
      return this.#park()
    }
    return this.#finish(reached)
  }

  #plan() {
    const { run_id } = this
    const { request } = savedRequest(this.#detail)
    try {
      return { admitted: this.#hands.orchestrator.plan(request, run_id) }
    } catch (error) {
      // The roster or the limits are others than when the run was accepted.
      if (!(error instanceof Problem)) throw error
      return { end: unplannable(this.#detail, error) }
    }
  }

  async #before(): Promise<DecidedSoFar> {
    const { store } = this.#hands
    const { tenant, run_id } = this
    const [tasks, approvals] = await Promise.all([store.tasks(tenant, run_id), store.approvals(tenant, run_id)])
    return applyDecisions(new Map(tasks.map(({ task_id, outcome }) => [task_id, outcome])), approvals)
  }

  #run(admitted: ReturnType<Orchestrator['plan']>, before: DecidedSoFar): Promise<RunEnd | typeof PARKED> {
    const { orchestrator } = this.#hands
    const policy = admitted.plan.approval ?? ApprovalPolicy.parse({})
    this.#journal.status('running')
    return orchestrator.run(admitted, {
      caller: callerOf(this.#detail),
      cancel: this.#signal satisfies CancelSignal,
      timeline: savedRequest(this.#detail).timeline,
      emit: (event: RunEvent) => this.#journal.event(event),
      ...(this.#lease.epoch > 1 && { finished: before.finished }),
      holds: ({ task_id, requires_approval }) => requires_approval && !before.decided.has(task_id),
      onOutcome: ({ task_id, requires_approval }, outcome) => {
        // What ended only because the run leaves this process begins anew elsewhere.
        if (this.#handsOff !== null && outcome.status === 'cancelled') return
        this.#journal.outcome(task_id, outcome)
        if (requires_approval && outcome.status === 'succeeded' && !before.asked.has(task_id))
          this.#ask(task_id, { content: outcome.content ?? '' }, policy)
      },
    })
  }

  #ask(
    task_id: string | null,
    shown: { content: string } | { end: RunEnd },
    { four_eyes, expires_in_ms }: ApprovalPolicy,
  ): void {
    const approval: NewApproval = {
      approval_id: randomUUID(),
      task_id,
      expires_at: this.#hands.now() + expires_in_ms,
      document: { ...shown, four_eyes } satisfies ApprovalDocument,
    }
    const { approval_id, expires_at } = approval
    this.#journal.approval(approval, {
      event: 'run.approval_requested',
      data: { approval_id, task_id, expires_at: new Date(expires_at).toISOString() },
    })
  }

  async #park(): Promise<Worked> {
    const kept = await this.#journal.close({ status: 'awaiting_approval' })
    return kept ? { kind: 'parked' } : { kind: 'lost' }
  }

  async #giveBack(): Promise<Worked> {
    if (!(await this.#journal.flush())) return { kind: 'lost' }
    const given = await this.#hands.store.release(this.#lease, this.#hands.now())
    return given.ok ? { kind: 'handed_over' } : { kind: 'lost' }
  }

  #finishDecided({ end, approval }: NonNullable<DecidedSoFar['document']>): Promise<Worked> {
    const { edited_content } = decisionOf(approval)
    const status = approval.status as 'approved' | 'rejected' | 'expired'
    return this.#finish({ ...end, response: decideDocument(end.response, { status, edited_content }) })
  }

  async #finish(end: RunEnd): Promise<Worked> {
    const kept = await this.#journal.close({ finish: { status: end.response.status, response: end } })
    return kept ? { kind: 'ended', end } : { kind: 'lost' }
  }
}

/** A run without a document, or one that its caller or the clock has ended, leaves nothing to approve. */
const awaitsHuman = ({ response, timed_out, stopped }: RunEnd): boolean =>
  !timed_out && !stopped && (response.status === 'succeeded' || response.status === 'partial')
