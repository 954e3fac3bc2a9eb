export interface Sample {
  /** Seconds from the start. */
  at: number
  value: number
}

/** Least squares: how much the value grows per second. 0 of fewer than two samples. */
export function slopeOf(samples: readonly Sample[]): number {
  const mean = (of: (sample: Sample) => number) => samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length
  const [at, value] = [mean((sample) => sample.at), mean((sample) => sample.value)]
  const along = samples.reduce((sum, sample) => sum + (sample.at - at) ** 2, 0)
  if (along === 0 || samples.length === 0) return 0
  return samples.reduce((sum, sample) => sum + (sample.at - at) * (sample.value - value), 0) / along
}

/** What the fitted line gained from the first sample to the last. */
export function growthOf(samples: readonly Sample[]): number {
  const [first, last] = [samples[0], samples.at(-1)]
  return first === undefined || last === undefined ? 0 : slopeOf(samples) * (last.at - first.at)
}
