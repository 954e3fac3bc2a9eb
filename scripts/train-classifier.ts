// Makes src/routing/classify/weights.json from the labelled requests, the same bytes every time, and prints how well
// the variants do on hands that they were not trained on. `node scripts/train-classifier.ts`
import { writeFileSync } from 'node:fs'
import { fitTemperature } from './classifier/calibration.ts'
import { crossValidate, rowsOf } from './classifier/cross-validate.ts'
import { examples, sources } from './classifier/data.ts'
import { quantise } from './classifier/quantise.ts'
import { report } from './classifier/report.ts'
import { train } from './classifier/train.ts'

const SETTINGS = { l2: 0.0002, steps: 100, smoothing: 0.05 }

const rows = rowsOf(examples())
const predicted = crossValidate(rows, SETTINGS)
const { scale, bytes } = quantise(train(rows, SETTINGS))
const file = {
  sources: sources(),
  temperature: fitTemperature(predicted.blend),
  scale,
  weights: Buffer.from(bytes.buffer).toString('base64'),
}
writeFileSync(new URL('../src/routing/classify/weights.json', import.meta.url), `${JSON.stringify(file, null, 2)}\n`)
console.log(`${rows.length} requests, temperature ${file.temperature}\n\n${report(predicted)}`)
