import { describe, expect, test } from 'vitest'
import { examples } from '../../../scripts/classifier/data.ts'
import { classify } from '../../../src/routing/classify/classify.ts'

const cases: Record<string, readonly string[]> = {
  CODING: [
    'Write a function that reverses a linked list',
    'Find the bug in this: for i in range(10) print(i)',
    'Explain what this regex does: ^\\d{3}-\\d{4}$',
    'Write a SQL query that lists all patients admitted last week',
    'Analyse why my loop never stops and repair it: while (i < n) { send(i) }',
    'Escribe una función en Python que calcule el IMC',
    'Wriet a fucntion that sorts a list in pyhton',
  ],
  REASONING: [
    'What is the best strategy to reduce ED waiting times with two extra nurses?',
    'Prove that the square root of 2 is irrational',
    'Should we buy or lease the new MRI scanner given a budget of 1.2M over 5 years?',
    '¿Cuál es la mejor estrategia para reducir las listas de espera quirúrgicas?',
  ],
  EXPLORATION: [
    'What are the different ways hospitals use AI?',
    'Brainstorm ideas for improving patient engagement',
    '¿Qué posibilidades hay para usar la telemedicina en zonas rurales?',
  ],
  WRITING: [
    "Write a letter to the GP about this patient's discharge",
    'Draft an email to staff announcing the new visiting hours',
    'Rewrite this paragraph in plain language: The patient exhibited dyspnoea on exertion.',
    'Redacta un correo para informar al paciente de su cita',
  ],
  SIMPLE: [
    'What is the capital of France?',
    'Hello',
    'What does BID mean?',
    'Convert 98.6 F to Celsius',
    'which ICD-10 code is type 2 diabetes',
    '¿Qué significa EPOC?',
  ],
  ANALYSIS: [
    'Analyze the following lab results and identify abnormal values: Na 128, K 5.9, Cr 2.1',
    'Compare these two discharge summaries and list the differences',
    'Which ICD-10 codes does this note support? Pt seen for cough and fever, CXR shows RLL infiltrate, on ceftriaxone.',
    'Analiza estos datos de ingresos por mes: ene 120, feb 98, mar 143',
  ],
  CREATIVE: [
    'Write a poem about autumn',
    'Come up with a name for our new clinic cat',
    'Imagine you are a stethoscope. Tell your life story',
    'Escribe un poema sobre la lluvia',
  ],
  RESEARCH: [
    'What does the evidence say about statins in the elderly?',
    'Find studies on the effect of music on postoperative pain',
    'Summarize the latest guidelines on hypertension with references',
    '¿Qué dice la evidencia sobre la vitamina D en la prevención de caídas?',
  ],
}

/** Short and plain, as anybody types first: the same verb stands under several kinds. */
const short: Record<string, readonly string[]> = {
  CODING: [
    'Find the bug in this',
    'Write a function that adds two dates',
    'Write a SQL query for all wards.',
    'Write a bash one-liner to count lines',
    'Explain this code',
    'Explica este código',
    'Write a regular expression for dates',
  ],
  REASONING: [
    'What is the best strategy to reduce readmissions?',
    'What is the best strategy to staff the night?',
    'Which is better, surgery or physiotherapy?',
    'Explain why A is better than B',
    'Differential diagnosis of acute abdominal pain',
    'Planifica los turnos de agosto',
  ],
  EXPLORATION: [
    'Tell me about hospital design',
    'What options exist for chronic pain?',
    'Brainstorm ideas for a summer party',
    '¿Qué tipos de seguros hay?',
  ],
  WRITING: [
    'translate to Spanish: hello',
    'Write a letter to the GP.',
    'Summarise this stay:',
    'Translate this into English',
    'Rewrite this to sound friendlier',
    'Redacta una carta de queja',
  ],
  SIMPLE: [
    'What is sepsis?',
    'hi',
    'gracias',
    'Convert 5 miles to km',
    'Which ICD-10 code is asthma?',
    'Is a whale a fish?',
    '¿Cuántos huesos tiene la mano?',
  ],
  ANALYSIS: [
    'Compare these two reports',
    'Analyse this data',
    'What trends do you see in this table?',
    'Which ICD-10 codes does this note support?',
    'Analiza el informe adjunto',
  ],
  CREATIVE: [
    'Write a poem',
    'Write a story about a robot',
    'Name my dog',
    'Pretend you are Napoleon',
    'Escribe una canción de cuna',
  ],
  RESEARCH: [
    'Compare drug A with drug B with references',
    'Write a review of the evidence on masks',
    'Is there evidence that masks work?',
    'What do the guidelines recommend for COPD?',
    '¿Qué estudios hay sobre el café?',
  ],
}

/**
 * Bare clinical requests, none of them among the labelled ones: a verb that often misleads (`Analyse … in a poem`) must
 * also be believed when it means what it says.
 */
const bare: Record<string, readonly string[]> = {
  ANALYSIS: [
    'Analyse the ECG',
    'Analyse the labs',
    'Analyse the CT report',
    'Analyze the labs',
    'Analyse these lab results: Na 128, K 5.9, Cr 210',
    'Medication review',
    'Find drug interactions',
    'Analyse the ultrasound report',
    'Analyse the urine results',
    'Analyse the spirometry',
    'Analyze the troponins',
    'Analyze the echo report',
    'Analyze the biopsy findings',
    'Analyse these bloods: Hb 88, MCV 71, ferritin 6',
    'Interpret the chest film',
    'Interpret the blood gas',
    'Review the drug chart',
    'Review the observations',
    'Check the thyroid results',
    'Assess the renal function',
    'Drug interaction check',
    'Analiza el electrocardiograma',
    'Analiza la gasometría',
    'Interpreta la analítica',
    'Revisa el tratamiento',
    'Valora el TAC',
    'Busca interacciones farmacológicas',
    'Analyse the Holter recording',
    'Analyse the pathology report',
    'Analyse the electrolytes',
    'Analyse my blood pressure readings',
    'Analyse the referral letter',
    'Analyse the waiting times',
    'Analyze the cardiogram',
    'Analyze the radiology report',
    'Analyze the medication history',
    'Analyze the patient data',
    'Analyse these values: CRP 180, WBC 17, lactate 3.1',
    'Interpret the coagulation screen',
    'Interpret the EEG',
    'Interpret the lumbar puncture results',
    'Review the prescriptions',
    'Review the anaesthetic chart',
    'Check the discharge medication',
    'Assess the nutrition chart',
    'Check the medicines for interactions',
    'Summarise the microbiology results',
    'Analiza la espirometría',
    'Analiza el hemograma',
    'Interpreta la resonancia',
    'Revisa la hoja de enfermería',
    'Revisión del tratamiento',
  ],
  REASONING: [
    'What is wrong with this patient?',
    '¿Qué le pasa al paciente?',
    'What is wrong with this woman?',
    "What's wrong with him?",
    'Differential diagnosis of jaundice',
    'Differential diagnosis of syncope',
    '¿Qué le pasa a esta mujer?',
    '¿Qué tiene la paciente?',
    'Diagnóstico diferencial de la cefalea',
    'Analyse whether we need a second nurse at night',
    'What is wrong with this child?',
    'What is wrong with him?',
    'What is happening to this patient?',
    'Differential diagnosis of ascites',
    'Differential diagnosis of leg swelling',
    '¿Qué le pasa al niño?',
    '¿Qué le sucede a este hombre?',
    'Diagnóstico diferencial de la ictericia',
  ],
  CODING: [
    'What is wrong with this function?',
    'What is wrong with my loop?',
    '¿Qué le pasa a esta función?',
    'What is wrong with this macro?',
    'What is wrong with the regex?',
  ],
  SIMPLE: [
    'What is a blood gas?',
    'What is a CT scan?',
    'Normal sodium?',
    '¿Qué es una gasometría?',
    'What does ECG stand for?',
    'What is spirometry?',
    'Normal calcium?',
    'What does MRI mean?',
    '¿Qué es un hemograma?',
  ],
  RESEARCH: [
    'Find studies on statins',
    'Review the literature on sepsis',
    'Systematic review of statins',
    'Revisa la evidencia sobre las estatinas',
    'Review the evidence on melatonin',
    'Find studies on aspirin',
  ],
  WRITING: ['Summarise the consultation', 'Write the referral', 'Resume la consulta', 'Summarise the clinic visit'],
  CREATIVE: [
    'A poem about the night shift',
    'Inventa un paciente raro',
    'Analyse love in a poem',
    'A poem about the scanner',
  ],
  EXPLORATION: ['What kinds of scans exist?', 'Ideas for the ward round'],
}

describe('classify', () => {
  for (const [type, texts] of [...Object.entries(cases), ...Object.entries(short), ...Object.entries(bare)])
    test.each(texts)(`${type}: %s`, (text) => {
      expect(classify(text).type).toBe(type)
    })

  test('the bare requests were not learned by heart', () => {
    const labelled = new Set(examples().map(({ text }) => text.toLowerCase()))
    const known = Object.values(bare)
      .flat()
      .filter((text) => labelled.has(text.toLowerCase()))
    expect(known).toEqual([])
  })

  test('a short request is not doubtful because it is short', () => {
    const sure = Object.values(short)
      .flat()
      .filter((text) => classify(text).confidence > 0.6)
    expect(sure.length / Object.values(short).flat().length).toBeGreaterThan(0.8)
  })

  test('is less sure of a text that says nothing than of a plain one', () => {
    expect(classify('the thing from before').confidence).toBeLessThan(classify('Write a poem about autumn').confidence)
  })

  test('an empty text is simple work', () => {
    expect(classify('').type).toBe('SIMPLE')
    expect(classify(' \n\t ').type).toBe('SIMPLE')
  })

  test('accents, capitals and their encoding do not matter', () => {
    const said = classify('¿QUÉ SIGNIFICA ATENCIÓN?')
    expect(classify('¿QUÉ SIGNIFICA ATENCIÓN?'.normalize('NFD')).distribution).toEqual(said.distribution)
    expect(classify('¿que significa atencion?').distribution).toEqual(said.distribution)
  })

  test('an answer belongs to its caller: a later call does not change it', () => {
    const first = classify('Write a poem about autumn')
    const before = structuredClone(first)
    classify('What is the capital of France?')
    expect(first).toEqual(before)
    expect(classify('Write a poem about autumn')).toEqual(before)
  })
})
