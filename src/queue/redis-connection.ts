import { Redis } from 'ioredis'

/** A connection on which commands fail at once while there is none, and which is made anew for ever. */
export function openRedis(url: string): Redis {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    connectTimeout: 1000,
    keepAlive: 5000,
    retryStrategy: (times) => Math.min(50 * times, 500),
  })
  // What went wrong shows as a closed connection or a failed command; without a listener it would end the process.
  redis.on('error', () => undefined)
  return redis
}
