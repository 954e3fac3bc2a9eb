import type { CancelSignal } from '../contract/cancel.ts'
import type { GpuBudget } from './gpu-budget.ts'
import type { Claimant } from './policy.ts'

export type Admission = 'granted' | 'cancelled' | 'deadline'

export interface AdmissionRequest {
  claimant: Claimant
  priority: number
  rank: number
  /** Expected work of the call in ms. */
  work: number
  /** On the clock of performance.now(): the wait is given up then. */
  deadline: number
  cancel: CancelSignal
}

/**
 * The admission queue in front of one model server. `Lane` has its slots for itself; `SharedLane` shares them with other
 * replicas. A permit is held from `acquire` answering "granted" until `release`. Waiting ends by grant, cancellation or
 * deadline; a waiter that gave up never gets a permit.
 */
export interface LanePort {
  readonly model: string
  readonly gpu: GpuBudget
  /** Of the server, whoever uses them. */
  readonly slots: number
  /** Permits in use by this process. */
  readonly busy: number
  /** Calls of this process that wait. */
  readonly queued: number
  /** Whether a permit is free, as far as this process knows. */
  readonly hasRoom: boolean
  /** Calls that can be in flight here at once. */
  readonly permits: number
  /**
   * Whether a tenant takes its share or more of a lane in which `most` or more calls wait. One with less may still come: a
   * noisy tenant fills a lane for itself.
   */
  isFullFor: (tenant: string, most: number) => boolean
  /** The server turned out to have more slots, or fewer. Calls in flight are left to end. */
  resize: (slots: number) => void
  /** Waits for a permit; answers at once where it can. */
  acquire: (request: AdmissionRequest) => Admission | Promise<Admission>
  /** Takes a permit if one is free and nobody waits for it; never waits for one to become free. */
  tryTake: (request: Pick<AdmissionRequest, 'claimant' | 'work'>) => boolean | Promise<boolean>
  /** Gives the permit back, after `held_ms` of the call that it was given for, or of one that was not `sent` after all. */
  release: (request: Pick<AdmissionRequest, 'claimant' | 'work'>, held_ms: number, sent?: boolean) => void
}

/** Model id → its lane. */
export type LaneTable = ReadonlyMap<string, LanePort>
