/** Signs the bench's own tokens, on loopback only. */
export const BENCH_SECRET = 'bench-secret-of-at-least-32-bytes-length'
