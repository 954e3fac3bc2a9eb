import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { run } from './command.ts'

const ESCAPE = '\u001b'
const shared = fileURLToPath(new URL('../../../../shared/data/', import.meta.url))
const hasShared = existsSync(shared)
if (!hasShared) console.warn(`Skipped: demo on real exports, because ${shared} is absent`)

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'consilium-demo-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('the demo', () => {
  test('writes a discharge summary of a fictional patient, shows its making and exits with 0', async () => {
    const { code, out, err } = await run(['demo'])
    expect(err).toContain('clinical_summary succeeded')
    expect(code).toBe(0)
    expect(out).toContain('fictional')
    expect(out).toContain('=== DISCHARGE SUMMARY ===')
    expect(out).toContain('=== BILLING INFORMATION ===')
    expect(out).toMatch(
      /Timeline\n {2}clinical_summary +\| *█+ *\| {2}1,\d{3} ms {2}BioMistral-Clinical-7B \(GPU 0\)\n {2}billing_codes .*\n {2}GPU 0 +\| *1+ *\| {2}busy 1,\d{3} ms/,
    )
    expect(out).toMatch(/total [\d,]+ ms \| sequential [\d,]+ ms \| speed-up 1\.\d\dx/)
    expect(out).toContain('Simulated model servers, not models, wrote this text')
    expect(out + err).not.toContain(ESCAPE)
  })

  test('shows what the tasks took one at a time when asked to', async () => {
    const { code, out, err } = await run(['demo', '--workflow', 'parallel_qa', '--measure'])
    expect(err).toContain('measuring them one at a time')
    expect(out).toMatch(/- measured one task at a time: sequential 2,\d{3} ms \| speed-up \d\.\d\dx/)
    expect(code).toBe(0)
  })

  test('colours its output only where it is asked to in a pipe, and never against NO_COLOR', async () => {
    const args = ['demo', '--workflow', 'parallel_qa']
    const [forced, refused] = await Promise.all([run(args, { FORCE_COLOR: '1' }), run(args, { NO_COLOR: '1' })])
    expect(forced.out).toContain(`${ESCAPE}[`)
    expect(refused.out).not.toContain(ESCAPE)
  })

  test('takes a text file whole and says which dates it lacks', async () => {
    const path = join(folder, 'note.txt')
    writeFileSync(path, 'Fictional. Admitted with pneumonia, discharged well.')
    const { code, out } = await run(['demo', '--context', path])
    expect(out).toContain('Taken whole as patient_data.')
    expect(out).toContain('given as "not stated": admission_date, discharge_date.')
    expect(out).not.toContain('fictional: invented')
    expect(code).toBe(0)
  })

  test('exits with 1 and says why when the document is larger than the model can read', async () => {
    const path = join(folder, 'long.txt')
    writeFileSync(path, 'Fictional finding, nothing else. '.repeat(4000))
    const { code, out, err } = await run(['demo', '--context', path])
    expect(code).toBe(1)
    expect(out).toContain('clinical_summary failed (context_overflow)')
    expect(err).toContain('(502 run_failed)')
  })

  test('exits with 1 and the reason when configured model servers do not answer', async () => {
    // Port 1 is reserved; nothing listens there.
    const asked = ['BioMistral-Clinical-7B', 'BiMediX2-8B', 'OpenInsurance-LLaMA3-8B']
    const urls = Object.fromEntries(asked.map((id) => [id, `http://127.0.0.1:1/${id}`]))
    const { code, out } = await run(['demo'], { MODEL_PORTS: JSON.stringify(urls), LOG_LEVEL: 'silent' })
    expect(out).toContain('the configured model servers')
    expect(out).toContain('upstream_unreachable')
    expect(out).not.toContain('Simulated')
    expect(code).toBe(1)
  })

  test('exits with 2 for an unknown workflow, a missing file and a bad setting', async () => {
    const [workflow, file, setting] = await Promise.all([
      run(['demo', '--workflow', 'x-ray']),
      run(['demo', '--context', join(folder, 'none.json')]),
      run(['demo'], { MAX_TASKS: 'many' }),
    ])
    expect([workflow.code, file.code, setting.code]).toEqual([2, 2, 2])
    expect(workflow.err).toContain('--workflow must be one of discharge_summary,')
    expect(file.err).toContain('there is no such file')
    expect(setting.err).toContain('MAX_TASKS')
  })
})

describe.skipIf(!hasShared)('the demo on real exports', () => {
  test.each([
    ['discharge_summary', ['epic-summary-of-care.json']],
    ['pharmacy_documentation', ['epic-summary-of-care.json']],
    ['lab_report', ['uscore-diagnosticreport-cbc.json']],
    ['radiology_report', ['uscore-diagnosticreport-chest-xray.json']],
    ['comprehensive_assessment', ['aci-bench-valid.csv', '--row', '7']],
  ])('writes a %s from %s', async (workflow, [file = '', ...rest]) => {
    const { code, out } = await run(['demo', '--workflow', workflow, '--context', join(shared, file), ...rest])
    expect(out).toContain('succeeded: every task gave a whole answer')
    expect(code).toBe(0)
  })
})
