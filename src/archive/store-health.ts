import type { StoreFault } from '../errors.ts'
import { StoreError } from '../store/errors.ts'
import type { Store } from '../store/port.ts'

export interface StoreHealth {
  /**
   * Why no work is accepted, in a sentence; null while the store answers and takes writes. Asks the store at most once a
   * second.
   */
  reason(): Promise<string | null>
  /** A call to the store has failed so. The next question tries a write. */
  failed(fault: StoreFault): void
}

export interface StoreHealthParts {
  store: Pick<Store, 'ping' | 'tryWrite'>
  /** Told when the store was lost and when it is back, once each. */
  onChange: (reason: string | null) => void
  /** Milliseconds of any clock that only goes forward. @default performance.now */
  now?: () => number
  /** How long an answer may take, in ms. @default 2000 */
  limitMs?: number
}

const FRESH_MS = 1000
const LIMIT_MS = 2000

const SENTENCES: Partial<Record<StoreFault, string>> = {
  unavailable: 'The store of runs cannot be reached.',
  busy: 'The store of runs is busy.',
  full: 'The store of runs is full.',
  corrupt: 'The store of runs is damaged.',
}

/** After them the store may answer and yet take nothing. */
const DOUBTFUL: ReadonlySet<StoreFault> = new Set(['unavailable', 'full', 'corrupt'])

const sentenceOf = (error: unknown): string =>
  (error instanceof StoreError ? SENTENCES[error.fault] : undefined) ?? 'The store of runs fails.'

/** Of a store that has answered just now. */
const sentenceOfWrite = (error: unknown): string =>
  error instanceof StoreError && error.fault === 'unavailable'
    ? 'The store of runs takes no writes.'
    : sentenceOf(error)

/** Resolves with the sentence when the time is over first; what it waited for goes on by itself. */
async function withinLimit(answer: Promise<string | null>, limitMs: number): Promise<string | null> {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, limitMs, 'The store of runs does not answer in time.')
  })
  try {
    return await Promise.race([answer, over])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Looks after a store for `/health/ready`. A question that hangs is never followed by a second one. Once a call has
 * failed it does not go by the answer alone but tries a write, until one succeeds: nobody sends work to a service that is
 * not ready, so no other write would ever tell that there is room again.
 */
export function watchStore({
  store,
  onChange,
  now = () => performance.now(),
  limitMs = LIMIT_MS,
}: StoreHealthParts): StoreHealth {
  let last: { reason: string | null; at: number } | null = null
  let asked: Promise<string | null> | null = null
  let looking: Promise<string | null> | null = null

  let isInDoubt = false

  const write = async (): Promise<string | null> => {
    // Before, for what fails meanwhile counts again.
    isInDoubt = false
    try {
      await store.tryWrite()
      return null
    } catch (error) {
      isInDoubt = true
      return sentenceOfWrite(error)
    }
  }
  const ask = (): Promise<string | null> => {
    asked ??= store
      .ping()
      .then(() => (isInDoubt ? write() : null), sentenceOf)
      .finally(() => {
        asked = null
      })
    return asked
  }
  const look = async (): Promise<string | null> => {
    const reason = await withinLimit(ask(), limitMs)
    const before = last?.reason ?? null
    last = { reason, at: now() }
    if ((reason === null) !== (before === null)) onChange(reason)
    return reason
  }
  return {
    async reason() {
      if (last !== null && now() - last.at < FRESH_MS) return last.reason
      looking ??= look().finally(() => {
        looking = null
      })
      return looking
    },
    failed(fault) {
      if (DOUBTFUL.has(fault)) isInDoubt = true
    },
  }
}
