/**
 * Turns logits into probabilities: softmax of `logits / temperature`. The temperature is fitted on predictions for
 * hands that the model had not seen (`scripts/classifier/calibration.ts`), so that a confidence of 0.8 is right in
 * about 8 of 10. Written to `into`; the sum is 1 within rounding.
 */
export function calibrate(logits: ArrayLike<number>, temperature: number, into: Float64Array): void {
  let top = Number.NEGATIVE_INFINITY
  for (let i = 0; i < logits.length; i++) if ((logits[i] as number) > top) top = logits[i] as number
  let sum = 0
  for (let i = 0; i < logits.length; i++) {
    const e = Math.exp(((logits[i] as number) - top) / temperature)
    into[i] = e
    sum += e
  }
  for (let i = 0; i < logits.length; i++) into[i] = (into[i] as number) / sum
}
