import { TASK_TYPES } from '../../src/contract/task-type.ts'
import { calibrate } from '../../src/routing/classify/calibrate.ts'
import { bins, calibrationError, fitTemperature, type Judged } from './calibration.ts'
import { type Prediction, VARIANTS, type Variant } from './cross-validate.ts'

interface Answer extends Judged {
  hand: string
  lang: string
  label: number
  said: number
}

/** What the predictions say at their best temperature. */
export function answers(predictions: readonly Prediction[], temperature = fitTemperature(predictions)): Answer[] {
  const p = new Float64Array(TASK_TYPES.length)
  return predictions.map(({ example, label, logits }) => {
    calibrate(logits, temperature, p)
    const confidence = Math.max(...p)
    const said = p.indexOf(confidence)
    return { hand: example.hand, lang: example.lang, label, said, confidence, right: said === label }
  })
}

const accuracy = (of: readonly Judged[]): number => of.filter(({ right }) => right).length / of.length
const row = (cells: readonly (string | number)[]): string =>
  `| ${cells.map((cell) => (typeof cell === 'number' ? cell.toFixed(3) : cell)).join(' | ')} |`
const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]): string =>
  [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n')

/** Harmonic mean of precision and recall of a label. */
function f1(of: readonly Answer[], label: number): number {
  const hits = of.filter((each) => each.label === label && each.said === label).length
  return (2 * hits) / (of.filter((e) => e.label === label).length + of.filter((e) => e.said === label).length)
}

/** The tables of docs/classifier.md, as Markdown. */
export function report(predicted: Readonly<Record<Variant, readonly Prediction[]>>): string {
  const all = Object.fromEntries(VARIANTS.map((v) => [v, answers(predicted[v])])) as Record<Variant, Answer[]>
  const hands = [...new Set(all.blend.map(({ hand }) => hand))]
  const langs = [...new Set(all.blend.map(({ lang }) => lang))]
  const byVariant = table(
    ['variant', ...hands, ...langs, 'all', 'ECE'],
    VARIANTS.map((v) => [
      v,
      ...hands.map((hand) => accuracy(all[v].filter((each) => each.hand === hand))),
      ...langs.map((lang) => accuracy(all[v].filter((each) => each.lang === lang))),
      accuracy(all[v]),
      calibrationError(all[v]),
    ]),
  )
  const byLabel = table(
    ['F1', ...VARIANTS],
    TASK_TYPES.map((type, label) => [type, ...VARIANTS.map((v) => f1(all[v], label))]),
  )
  const confusion = table(
    ['is \\ said', ...TASK_TYPES],
    TASK_TYPES.map((type, label) => [
      type,
      ...TASK_TYPES.map((_, said) => String(all.blend.filter((e) => e.label === label && e.said === said).length)),
    ]),
  )
  const calibration = table(
    ['confidence', 'answers', 'mean confidence', 'accuracy'],
    bins(all.blend).flatMap((bin, i) =>
      bin.count === 0 ? [] : [[`${i / 10}–${(i + 1) / 10}`, String(bin.count), bin.confidence, bin.accuracy]],
    ),
  )
  const eceByHand = table(
    ['ECE of blend', ...hands],
    [['one hand alone', ...hands.map((hand) => calibrationError(all.blend.filter((each) => each.hand === hand)))]],
  )
  return [byVariant, byLabel, confusion, calibration, eceByHand].join('\n\n')
}
