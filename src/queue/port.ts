/** A permit that was asked for: waiting for its turn, or held. */
export interface Ticket {
  /** 1 is served first; 0 goes before all others. */
  readonly priority: number
  /** Moves it to another place in the queue, behind those of the same priority. Does nothing once it is held. */
  move: (priority: number) => void
  /** Ends the wait, or gives the held permit back. May be called more than once. */
  giveBack: () => void
}

/** What becomes of a ticket. Never called before `ask` has returned. */
export interface TicketEnds {
  granted: (ticket: Ticket) => void
  /** It stands in no queue and holds nothing any more, although nobody gave it back. */
  lost: (ticket: Ticket) => void
}

/**
 * Where a lane gets its permits when several replicas share a model server.
 * `shared`: all replicas ask in one queue. `settling`: the queue is back, and for a moment only calls that are in
 * flight already may ask for the permits that they lack. `away`: nobody can be asked; every wait is lost, held
 * permits stay with their calls.
 */
export interface PermitSource {
  readonly state: 'shared' | 'settling' | 'away'
  /** Permits that were free, with nobody waiting, when last heard of. */
  readonly free: number
  /** Calls that this replica may have in flight by itself while the state is not `shared`. */
  readonly alone: number
  /** The same for all lanes of the GPU; null when it has no cap. */
  readonly gpuAlone: number | null
  /** Takes part in the queue. Only while the state is not `away`. */
  ask: (priority: number, ends: TicketEnds) => Ticket
  /** The server turned out to have more slots, or fewer. */
  resize: (slots: number) => void
  /** Calls back when any of the above has changed, and once a second. */
  watch: (listener: () => void) => void
}

/** What happened to the connection between replicas, for the log. Holds no data of any run. */
export interface QueueFinding {
  finding: 'queue_away' | 'queue_settling' | 'queue_shared' | 'permit_lost' | 'replica_joined' | 'replica_died'
  reason?: string
  away_ms?: number
  replica?: string
}
