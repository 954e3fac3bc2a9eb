import { describe, expect, test } from 'vitest'
import { removeDuplicates } from '../../../src/results/dedupe.ts'

const removed = (first: string, second: string): number =>
  removeDuplicates([
    { agent: 'Clinical', label: 'CLINICAL SUMMARY', text: first },
    { agent: 'Billing', label: 'BILLING INFORMATION', text: second },
  ]).removed

/** Two sentences in which one thing differs; around it everything a patient could be harmed by is equal. */
const DIFFERENCES: [string, string, string][] = [
  ['a dose', 'Take metoprolol 5 mg', 'Take metoprolol 50 mg'],
  ['a decimal point', 'Give digoxin 0.125 mg', 'Give digoxin 0125 mg'],
  ['a leading decimal point', 'Give warfarin .5 mg', 'Give warfarin 5 mg'],
  ['a thousands sign', 'Give heparin 5,000 units', 'Give heparin 5.000 units'],
  ['a unit', 'Give fentanyl 50 mcg', 'Give fentanyl 50 mg'],
  ['the case of a unit', 'Give 2 mg as ordered', 'Give 2 Mg as ordered'],
  ['a percent sign', 'Ejection fraction was 35 %', 'Ejection fraction was 35'],
  ['a superscript', 'Platelets were 10⁹ per litre', 'Platelets were 109 per litre'],
  ['a date', 'Seen on 2024-03-01 in clinic', 'Seen on 2024-03-07 in clinic'],
  ['a written number', 'Follow up in two weeks', 'Follow up in six weeks'],
  ['an ICD-10 code', 'Coded as E11.9 on the claim', 'Coded as E11.65 on the claim'],
  ['a CPT code', 'Billed as 99238 on the claim', 'Billed as 99239 on the claim'],
  ['an NDC', 'Dispensed as NDC 00093-1048-01 today', 'Dispensed as NDC 00093-1049-01 today'],
  ['a blood pressure', 'Pressure was 120/80 on arrival', 'Pressure was 180/120 on arrival'],
  ['a range', 'Take 1-2 tablets when needed', 'Take 12 tablets when needed'],
  ['a minus sign', 'Base excess was -5 on arrival', 'Base excess was 5 on arrival'],
  ['a comparison', 'Lactate was < 2 on arrival', 'Lactate was > 2 on arrival'],
  ['an arrow', 'Creatinine ↑ since yesterday', 'Creatinine ↓ since yesterday'],
  ['the word no', 'There is no evidence of bleeding', 'There is evidence of bleeding'],
  ['the word not', 'The patient should not drive', 'The patient should drive'],
  ['the word denies', 'She denies chest pain', 'She reports chest pain'],
  ['without', 'Discharged without oxygen', 'Discharged with oxygen'],
  ['a prefix', 'Known non-smoker at home', 'Known smoker at home'],
  ['a contraction', "She doesn't take insulin", 'She does take insulin'],
  ['negation in German', 'Es besteht kein Fieber', 'Es besteht Fieber'],
  ['negation in Spanish', 'El paciente no tiene fiebre', 'El paciente tiene fiebre'],
  ['the side', 'Fracture of the left hip', 'Fracture of the right hip'],
  ['both sides', 'Bilateral pleural effusion seen', 'Left pleural effusion seen'],
  ['a drug', 'Started on hydroxyzine last night', 'Started on hydralazine last night'],
  ['one more drug', 'Started on aspirin', 'Started on aspirin and clopidogrel'],
  ['what is done with a drug', 'Continue lisinopril until review', 'Discontinue lisinopril until review'],
  ['tense', 'He was on warfarin', 'He is on warfarin'],
  ['certainty', 'This is pneumonia on imaging', 'This is possibly pneumonia on imaging'],
  ['a question mark', 'Pneumonia? Seen on imaging', 'Pneumonia. Seen on imaging'],
  ['whose illness it is', 'Patient had a stroke', 'Mother had a stroke'],
  ['a preposition', 'Dose reduced to 5 mg', 'Dose reduced by 5 mg'],
  ['the route', 'Vancomycin given orally', 'Vancomycin given intravenously'],
  ['how often', 'Methotrexate taken weekly', 'Methotrexate taken daily'],
  ['an abbreviation by case', 'US of abdomen planned', 'us of abdomen planned'],
  ['a tick', '[x] Consent was given', '[ ] Consent was given'],
  ['strike-through', 'Give ~~aspirin~~ clopidogrel', 'Give aspirin clopidogrel'],
  ['inches', 'Wound was 5" long', 'Wound was 5 long'],
  ['where a sentence ends', 'No chest pain. Dyspnoea on exertion', 'No chest pain, dyspnoea on exertion'],
  ['where a list item ends', '- No chest pain\n- Dyspnoea', '- No chest pain dyspnoea'],
  ['where a comma stands', 'Aspirin, stopped clopidogrel', 'Aspirin stopped, clopidogrel'],
  ['which drug was stopped', 'Stopped aspirin and started apixaban', 'Stopped apixaban and started aspirin'],
  ['which side is which', 'Left knee replaced, right knee normal', 'Right knee replaced, left knee normal'],
]

const CONTEXT = 'after review of the chart by the ward team, who will see the patient again before discharge'

describe('two paragraphs both stay when they differ in', () => {
  test.each(DIFFERENCES)('%s', (_, one, other) => {
    const first = `${one} ${CONTEXT}.`
    const second = `${other} ${CONTEXT}.`
    expect(removed(first, first), 'the pair would not have been compared at all').toBe(1)
    expect([removed(first, second), removed(second, first)]).toEqual([0, 0])
  })

  test('one such difference in the last of twenty long sentences', () => {
    const long = Array.from({ length: 20 }, (_, index) => `Day ${index}: the patient was seen and remained well.`).join(
      ' ',
    )
    expect(removed(`${long} No fever.`, `${long} Fever.`)).toBe(0)
  })
})
