/**
 * One context for each built-in workflow, for the demo and for trying things out. Every person, number and plan is
 * invented and marked as fictional; the cases are meant to be clinically coherent, not typical.
 */
export const sampleContexts: Record<string, Record<string, unknown>> = {
  discharge_summary: {
    patient_data: `FICTIONAL PATIENT (invented for demonstration): Marta Exemplar, female, 72 years, MRN DEMO-0001.
Chief complaint: shortness of breath and leg swelling for 6 days, weight gain of 5 kg. Ran out of furosemide 10 days ago; took ibuprofen 400 mg three times daily for knee pain.
History: heart failure with reduced ejection fraction (LVEF 35 % in 2024), hypertension, type 2 diabetes (HbA1c 7.4 %), chronic kidney disease stage 3a (baseline creatinine 1.15 mg/dL). Allergy: penicillin (rash).
On admission: BP 158/94 mmHg, HR 104/min regular, RR 26/min, SpO2 89 % on room air, afebrile, weight 84.6 kg. Jugular venous distension, bibasal crackles, pitting oedema to the knees.
Chest X-ray: pulmonary venous congestion, small bilateral pleural effusions, no consolidation. ECG: sinus tachycardia, no acute ischaemic changes. Echocardiogram day 2: LVEF 30 %, moderate functional mitral regurgitation.
Labs admission -> discharge: NT-proBNP 6840 -> 2150 pg/mL; creatinine 1.31 -> 1.18 mg/dL; potassium 3.4 -> 4.3 mmol/L; sodium 133 -> 137 mmol/L. hs-troponin T 18 and 19 ng/L (flat). TSH pending.
Course: oxygen 2 L/min until day 3; furosemide 80 mg IV twice daily for 3 days, then oral; potassium chloride replaced orally. Net fluid balance -6.1 L. Ibuprofen stopped. Dapagliflozin started day 3, spironolactone day 4. Heart failure teaching by nurse; low-salt diet.
At discharge: BP 122/74 mmHg, HR 72/min, SpO2 96 % on room air, weight 78.9 kg, no oedema, walks 200 m without dyspnoea.
Discharge medications: furosemide 40 mg orally twice daily (was 40 mg once daily); lisinopril 10 mg orally once daily (unchanged); carvedilol 6.25 mg orally twice daily (unchanged); spironolactone 12.5 mg orally once daily (new); dapagliflozin 10 mg orally once daily (new); metformin 500 mg orally twice daily (unchanged). Stopped: ibuprofen.
Follow-up: heart failure clinic 2026-03-14 with potassium and creatinine; cardiology in 6 weeks, repeat echocardiogram after 3 months of therapy. Daily weight; call if gain over 2 kg in 3 days.`,
    admission_date: '2026-03-02',
    discharge_date: '2026-03-07',
    discharge_disposition: 'Home with her husband',
  },
  pharmacy_documentation: {
    medications: [
      { drug: 'warfarin', dose: '5 mg', route: 'oral', frequency: 'once daily', quantity: 30, status: 'since 2023' },
      { drug: 'amiodarone', dose: '200 mg', route: 'oral', frequency: 'once daily', quantity: 30, status: 'new' },
      {
        drug: 'simvastatin',
        dose: '40 mg',
        route: 'oral',
        frequency: 'every evening',
        quantity: 90,
        status: 'since 2021',
      },
      { drug: 'metoprolol tartrate', dose: '50 mg', route: 'oral', frequency: 'twice daily', quantity: 60 },
      {
        drug: 'ibuprofen',
        dose: '400 mg',
        route: 'oral',
        frequency: 'as needed',
        status: 'bought without prescription',
      },
    ],
    patient_info: {
      name: 'Otto Beispiel (fictional)',
      age: 76,
      sex: 'male',
      weight: '81 kg',
      diagnoses: ['persistent atrial fibrillation', 'hyperlipidaemia', 'osteoarthritis'],
      inr: '3.4 on 2026-04-09 (target 2.0 to 3.0)',
      egfr: '58 mL/min/1.73 m2',
      vitals: 'HR 54/min, BP 128/72 mmHg',
    },
    coverage: 'Fictional Health Plan, Part D benefit; no prior authorization on file',
  },
  insurance_claim: {
    procedure: 'MRI of the lumbar spine without contrast (CPT 72148)',
    diagnosis: 'Lumbar radiculopathy, left L5 (ICD-10-CM M54.16)',
    patient_data: `Fictional patient: Jonas Sample, male, 47 years, born 1978-08-21, warehouse worker.
Left-sided low back pain radiating to the dorsum of the foot since 2026-01-05. Physical therapy 2026-01-19 to 2026-03-06 (12 sessions) and naproxen 500 mg twice daily for 6 weeks without lasting relief.
Examination 2026-03-10: straight leg raise positive at 40 degrees on the left, left great toe extension 4/5 (5/5 on 2026-01-12), reduced sensation over the left dorsal foot. No bladder or bowel dysfunction, no fever, no history of cancer.
Lumbar radiographs 2026-01-12: reduced disc height L4/L5, no fracture. No MRI so far.`,
    insurance: { insurer: 'Fictional Mutual', plan: 'PPO', member_number: 'DEMO-778-001' },
    provider: 'Dr. A. Muster (fictional), Spine Clinic, Example Hospital',
  },
  lab_report: {
    lab_results: {
      collected: '2026-05-11 07:40',
      haemoglobin: '8.9 g/dL (13.5-17.5)',
      haematocrit: '28.9 % (41-53)',
      mcv: '71 fL (80-100)',
      rdw: '18.2 % (11.5-14.5)',
      leukocytes: '6.4 x10^9/L (4.0-11.0)',
      platelets: '462 x10^9/L (150-400)',
      ferritin: '6 ng/mL (30-400)',
      iron: '22 ug/dL (60-170)',
      tibc: '440 ug/dL (250-400)',
      crp: '3 mg/L (<5)',
      creatinine: '0.94 mg/dL (0.7-1.3)',
    },
    patient_info:
      'Fictional patient: Paul Demonstrat, male, 58 years. Fatigue and exertional dyspnoea for 3 months. Naproxen 500 mg daily for back pain for a year. No visible blood in the stool. Never had a colonoscopy.',
    previous_results: 'Haemoglobin 13.8 g/dL on 2025-02-20',
  },
  radiology_report: {
    findings: `Filling defects in the segmental arteries of the right lower lobe (posterior and lateral basal). Main and lobar pulmonary arteries patent. RV/LV ratio 0.8, no septal bowing.
Wedge-shaped peripheral consolidation right lower lobe, 22 mm. Solid nodule left upper lobe, 6 mm, smooth margin. Trace right pleural effusion. Heart size normal. No enlarged mediastinal lymph nodes. No fracture.`,
    study_type: 'CT pulmonary angiogram with intravenous contrast',
    technique:
      '70 mL iohexol 350 mg I/mL at 4 mL/s, bolus tracking on the pulmonary trunk, 1 mm slices, good opacification',
    comparison: 'Chest radiograph 2026-01-12: no nodule described',
    clinical_history:
      'Fictional patient: Lena Specimen, female, 39 years. Sudden pleuritic chest pain on the right 9 days after knee arthroscopy, HR 108/min, D-dimer 2.1 mg/L FEU.',
  },
  comprehensive_assessment: {
    patient_case: `Fictional patient: Henrik Modell, male, 61 years, brought to the emergency department by his daughter on 2026-02-18.
Cough with rusty sputum, fever and rigors for 3 days, confused since this morning. COPD (tiotropium 18 ug inhaled once daily), 40 pack-years, stopped smoking 2020. Lives alone. No known allergies.
Temperature 39.4 C, BP 88/54 mmHg, HR 122/min, RR 32/min, SpO2 86 % on room air. Disoriented to time and place. Bronchial breathing right base, no neck stiffness.
Leukocytes 21.3 x10^9/L, CRP 312 mg/L, urea 9.1 mmol/L, creatinine 1.6 mg/dL (0.9 in 2025), lactate 3.8 mmol/L, platelets 141 x10^9/L. Arterial gas: pH 7.31, pCO2 48 mmHg, pO2 52 mmHg.
Chest X-ray: lobar consolidation right lower lobe. ECG: sinus tachycardia. Blood cultures taken; no antibiotic given yet.`,
    question: 'Level of care and first-hour treatment',
    encounter_setting: 'Emergency department',
  },
  billing_with_justification: {
    service:
      'Professional continuous glucose monitoring for 14 days: sensor placement and patient training on 2026-06-01, removal, analysis and written interpretation on 2026-06-15. Fictional patient: Ida Ejemplo, female, 34 years, type 1 diabetes since 2004.',
    diagnosis: 'Type 1 diabetes with recurrent hypoglycaemia and impaired awareness of hypoglycaemia',
    patient_data:
      'HbA1c 8.1 %. Three episodes below 54 mg/dL in May 2026, one needing help of another person. Four to six finger-stick measurements a day. Insulin degludec 18 units once daily, insulin aspart with meals.',
    setting: 'Outpatient endocrinology clinic',
  },
  parallel_qa: {
    question:
      'When should metformin be withheld in an adult who receives intravenous iodinated contrast, and when can it be restarted?',
    patient_data:
      'Fictional patient: Nils Esempio, male, 66 years, type 2 diabetes, eGFR 52 mL/min/1.73 m2, contrast CT planned.',
  },
}
