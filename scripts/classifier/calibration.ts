import { calibrate } from '../../src/routing/classify/calibrate.ts'

export interface Scored {
  logits: Float64Array
  /** The right label's place. */
  label: number
}

/** The mean surprise at the right label, in nats, at a temperature. */
export function negativeLogLikelihood(scored: readonly Scored[], temperature: number): number {
  let sum = 0
  const p = new Float64Array(scored[0]?.logits.length ?? 0)
  for (const { logits, label } of scored) {
    calibrate(logits, temperature, p)
    sum -= Math.log(Math.max(1e-12, p[label] as number))
  }
  return sum / scored.length
}

const GOLDEN = (Math.sqrt(5) - 1) / 2

/** The temperature with the least surprise, between 0.05 and 20, to 3 digits: golden section on its logarithm. */
export function fitTemperature(scored: readonly Scored[]): number {
  let low = Math.log(0.05)
  let high = Math.log(20)
  while (high - low > 1e-4) {
    const a = high - GOLDEN * (high - low)
    const b = low + GOLDEN * (high - low)
    if (negativeLogLikelihood(scored, Math.exp(a)) < negativeLogLikelihood(scored, Math.exp(b))) high = b
    else low = a
  }
  return Number(Math.exp((low + high) / 2).toPrecision(3))
}

export interface Judged {
  confidence: number
  right: boolean
}

export interface Bin {
  count: number
  confidence: number
  accuracy: number
}

/** Answers sorted into `count` bins of equal width by their confidence. */
export function bins(judged: readonly Judged[], count = 10): Bin[] {
  return Array.from({ length: count }, (_, number) => {
    const inside = judged.filter((each) => Math.min(count - 1, Math.floor(each.confidence * count)) === number)
    const mean = (of: (each: Judged) => number) =>
      inside.length === 0 ? 0 : inside.reduce((sum, each) => sum + of(each), 0) / inside.length
    return { count: inside.length, confidence: mean((e) => e.confidence), accuracy: mean((e) => (e.right ? 1 : 0)) }
  })
}

/** Expected calibration error: how far confidence and accuracy are apart, mean over the bins by their size. */
export const calibrationError = (judged: readonly Judged[], count = 10): number =>
  bins(judged, count).reduce((sum, bin) => sum + bin.count * Math.abs(bin.confidence - bin.accuracy), 0) / judged.length
