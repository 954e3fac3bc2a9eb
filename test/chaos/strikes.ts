/** What befalls the Redis that replicas share. Each leaves it empty but the freeze. */
export type RedisStrike = 'redis_kill' | 'redis_stop' | 'redis_flush' | 'redis_freeze'

/** What the nemesis did. Times are performance.now() of this process. */
export interface Strike {
  kind: 'kill' | 'kill_at_start' | 'stop' | 'freeze' | 'database' | RedisStrike
  /** Null: the database, or Redis. */
  replica: string | null
  from: number
  /** When its immediate effect was over: the process was gone, or awake again, or the server answered. */
  until: number
  /** Processes that wanted a core when it began, for each core: the load of the last minute. */
  crowd: number
}

/** Whether it ended a process of the service. */
export const isEnd = ({ kind }: Strike): boolean => kind === 'kill' || kind === 'kill_at_start' || kind === 'stop'

export const isOfRedis = ({ kind }: Strike): boolean => kind.startsWith('redis_')
