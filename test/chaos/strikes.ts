/** What the nemesis did. Times are performance.now() of this process. */
export interface Strike {
  kind: 'kill' | 'kill_at_start' | 'stop' | 'freeze' | 'database'
  /** Null: the database. */
  replica: string | null
  from: number
  /** When its immediate effect was over: the process was gone, or awake again, or the database answered. */
  until: number
}
