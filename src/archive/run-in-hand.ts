import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import { ApprovalPolicy } from '../contract/approval.ts'
import type { CancelSignal } from '../contract/cancel.ts'
import type { RunEvent } from '../contract/events.ts'
import type { RunEnd } from '../contract/service.ts'
import { Problem } from '../errors.ts'
import { type Admitted, type Orchestrator, PARKED } from '../orchestrator.ts'
import { noticesAbove } from '../results/approval.ts'
import { Cancellation } from '../run/cancellation.ts'
import type { AuditNote } from '../store/audit/entry.ts'
import type { Store } from '../store/port.ts'
import type { Lease, NewApproval, RunDetail } from '../store/records.ts'
import { type ApprovalDocument, applyDecisions, type DecidedSoFar } from './approvals.ts'
import { decisionsToTell } from './decision-events.ts'
import { RunJournal } from './journal.ts'
import type { LiveRuns } from './live.ts'
import { isPassing } from './patience.ts'
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
  /** Tasks whose texts this process has asked a human about. */
  readonly #asked = new Set<string>()
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

  /** Goes into the audit with what the run writes next. */
  note(note: AuditNote): void {
    this.#journal.note(note)
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
    if (document !== null && document.status !== 'pending') return this.#finish(document.end)
    // Nothing to do before somebody decides, unless it is to end without that.
    if (document !== null && !this.#signal.cancelled) return this.#park(before)
    const planned = admitted === null ? this.#plan() : { admitted }
    if ('end' in planned) return this.#finish(planned.end)
    const reached = await this.#run(planned.admitted, before)
    if (this.#handsOff === 'lost') return { kind: 'lost' }
    if (this.#handsOff === 'handed_over') return this.#giveBack()
    const { plan } = planned.admitted
    // The text of a task that nothing depends on waits too: it goes into the document.
    if (reached === PARKED || (this.#isTextOpen(before) && awaitsHuman(reached))) return this.#park(before)
    if (plan.approval !== null && awaitsHuman(reached)) {
      this.#ask(null, { end: reached }, plan.approval)
      return this.#park(before)
    }
    return this.#finish(reached)
  }

  #plan() {
    const { run_id } = this
    const { request } = savedRequest(this.#detail)
    try {
      return { admitted: this.#hands.orchestrator.plan(request, { known_id: run_id }) }
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
    for (const event of await decisionsToTell(store, this, approvals)) this.#journal.event(event)
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
      // What nobody has begun does not go on: it begins.
      ...(this.#detail.last_event_id > 0 && { finished: before.finished }),
      isLeft: () => this.#handsOff !== null,
      holds: ({ task_id, requires_approval }) => requires_approval && !before.decided.has(task_id),
      onOutcome: (task, outcome) => {
        const { task_id } = task
        // What ended only because the run leaves this process begins anew elsewhere.
        if (this.#handsOff !== null && outcome.status === 'cancelled') return
        this.#journal.outcome(task_id, outcome)
        if (task.requires_approval && outcome.status === 'succeeded' && !before.asked.has(task_id)) {
          this.#asked.add(task_id)
          this.#ask(
            task_id,
            { content: outcome.content ?? '', notices: noticesAbove(task.planned_model, outcome) },
            policy,
          )
        }
      },
    })
  }

  #ask(
    task_id: string | null,
    shown: { content: string; notices: string[] } | { end: RunEnd },
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

  #isTextOpen({ asked, decided }: DecidedSoFar): boolean {
    return this.#asked.size > 0 || asked.size > decided.size
  }

  async #park({ decided }: DecidedSoFar): Promise<Worked> {
    const kept = await this.#journal.close({ status: 'awaiting_approval' })
    if (!kept) return { kind: 'lost' }
    try {
      await this.#wakeIfDecided(decided.size)
    } catch (error) {
      if (!isPassing(error)) throw error
      this.#hands.log.warn({ run_id: this.run_id, fault: error.fault }, 'the store is away; a parked run stays parked')
    }
    return { kind: 'parked' }
  }

  /** Whoever decided, or cancelled, while the run was still at work has not woken it. */
  async #wakeIfDecided(before: number): Promise<void> {
    const { store, now } = this.#hands
    const approvals = await store.approvals(this.tenant, this.run_id)
    const { decided } = applyDecisions(new Map(), approvals)
    if (this.#signal.cancelled || decided.size > before) await store.release(this.#lease, now())
  }

  async #giveBack(): Promise<Worked> {
    if (!(await this.#journal.flush())) return { kind: 'lost' }
    const given = await this.#hands.store.release(this.#lease, this.#hands.now())
    return given.ok ? { kind: 'handed_over' } : { kind: 'lost' }
  }

  async #finish(end: RunEnd): Promise<Worked> {
    const kept = await this.#journal.close({ finish: { status: end.response.status, response: end } })
    return kept ? { kind: 'ended', end } : { kind: 'lost' }
  }
}

/** A run without a document, or one that its caller or the clock has ended, leaves nothing to approve. */
const awaitsHuman = ({ response, timed_out, stopped }: RunEnd): boolean =>
  !timed_out && !stopped && (response.status === 'succeeded' || response.status === 'partial')
