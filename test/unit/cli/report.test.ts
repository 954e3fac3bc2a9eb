import { describe, expect, test } from 'vitest'
import type { RunAnswer } from '../../../src/cli/client.ts'
import { findings } from '../../../src/cli/findings.ts'
import { measuredLines } from '../../../src/cli/measured.ts'
import { exitOf, writeReport } from '../../../src/cli/report.ts'
import type { Terminal } from '../../../src/cli/terminal.ts'
import type { ExecuteResponse } from '../../../src/contract/result.ts'
import { response, result } from './run-response.ts'

function shown(answer: RunAnswer): { out: string; err: string } {
  const written = { out: '', err: '' }
  const terminal: Terminal = {
    out: (text) => {
      written.out += text
    },
    err: (text) => {
      written.err += text
    },
    paint: (_style, text) => text,
    paintErr: (_style, text) => text,
    columns: null,
    liveColumns: null,
  }
  writeReport(answer, terminal)
  return written
}

const ended = (run: ExecuteResponse): RunAnswer => ({ kind: 'response', response: run, raw: run })
const attempt = (model: string, outcome: string, hedge = false) => ({
  model,
  url: 'http://127.0.0.1:1/v1',
  outcome,
  latency_ms: 1,
  hedge,
})

describe('what was measured', () => {
  test('is told in the words of the contract', () => {
    expect(measuredLines(response())).toEqual([
      'total 1,250 ms | sequential 2,100 ms | speed-up 1.68x (at best 1.91x) | efficiency 0.84 on 2 lanes',
      'critical path 1,100 ms (clinical_summary) | queue 0 ms | retries 0 ms | overhead of ours 150 ms',
      'tokens 900 generated, 240 in prompts | 0 duplicate paragraphs removed',
    ])
  })

  test('names the path that decided the time where it is not the critical one, and blames nobody for it', () => {
    const metadata = { overhead_ms: 12_469, slowest_path: ['billing_codes'], slowest_path_ms: 15_002, service_ms: 8 }
    const lines = measuredLines(response({ metadata }))
    expect(lines[1]).toMatch(/\| overhead of ours 8\.0 ms$/)
    expect(lines[2]).toBe('slowest path 15,002 ms (billing_codes), with all that it waited and retried')
  })

  test('holds what the tasks took one at a time, where that was asked for', () => {
    const measured = { sequential_time_ms: 1900, speedup_factor: 1.52, complete: true, reason: null }
    expect(measuredLines(response({ metadata: { measured } }))[2]).toBe(
      'measured one task at a time: sequential 1,900 ms | speed-up 1.52x',
    )
    const none = { sequential_time_ms: null, speedup_factor: null, complete: false, reason: 'run_timeout' as const }
    expect(measuredLines(response({ metadata: { measured: none } }))[2]).toBe(
      'not measured one task at a time: the time of the run was over before',
    )
  })

  test('never estimates tokens that a server did not report', () => {
    const silent = result('billing_codes', { tokens: null, prompt_tokens: null })
    expect(measuredLines(response({ results: [result('clinical_summary'), silent] }))[2]).toContain(
      'tokens 450 generated (1 task did not report any)',
    )
    expect(measuredLines(response({ results: [silent] }))[2]).toContain('tokens not reported')
  })
})

describe('what a reader must know', () => {
  test('is nothing when everything went as planned', () => {
    expect(findings(response())).toEqual([])
  })

  test('names failures with every model that was asked, and skips with their cause', () => {
    const failed = result('a', {
      status: 'failed',
      success: false,
      content: null,
      error: { code: 'upstream_timeout', message: 'The model server did not answer in time.' },
      attempts: ['upstream_error', 'upstream_error', 'upstream_timeout'].map((code, at) =>
        attempt(at < 2 ? 'M1' : 'M2', code),
      ),
    })
    const error = { code: 'dependency_failed', message: 'm' }
    const skipped = result('b', { status: 'skipped', success: false, content: null, error, model: null, attempts: [] })
    const errors = [{ task_id: 'b', ...error, cause: 'a' }]
    expect(findings(response({ results: [failed, skipped], metadata: { errors } }))).toEqual([
      'a failed (upstream_timeout): The model server did not answer in time. Attempts: M1 (upstream_error) 2 times, then M2 (upstream_timeout).',
      'b was skipped: it depends on a, which did not succeed.',
    ])
  })

  test('names fallbacks, retries, cut answers and warnings of tasks that succeeded', () => {
    const results = [
      result('a', {
        model: 'M2',
        warnings: ['Written by M2 in place of M1.'],
        fallback_reason: 'Written by M2 in place of M1.',
        planned_model: 'M1',
        attempts: [attempt('M1', 'upstream_error'), attempt('M2', 'ok')],
      }),
      result('b', { model: 'M1', planned_model: 'M1', attempts: [attempt('M1', 'rate_limited'), attempt('M1', 'ok')] }),
      result('c', { truncated: true, warnings: ['The prompt may not fit.'] }),
    ]
    expect(findings(response({ results }))).toEqual([
      'a: M2 answered instead of M1. Attempts: M1 (upstream_error), then M2 (ok).',
      'b: M1 answered after a retry. Attempts: M1 (rate_limited), then M1 (ok).',
      'c: the answer was cut by the token limit and is incomplete (output_truncated).',
      'c: The prompt may not fit.',
    ])
  })

  test('tells a second call from a retry, and what was not asked from what failed', () => {
    const M1 = { model: 'M1', planned_model: 'M1' }
    const results = [
      result('a', { ...M1, model: 'M2', attempts: [attempt('M1', 'cancelled'), attempt('M2', 'ok', true)] }),
      result('b', { ...M1, attempts: [attempt('M1', 'cancelled'), attempt('M1', 'ok', true)] }),
      result('c', { ...M1, attempts: [attempt('M1', 'ok'), attempt('M2', 'cancelled', true)] }),
      result('d', { ...M1, model: 'M2', attempts: [attempt('M1', 'breaker_open'), attempt('M2', 'ok')] }),
    ]
    expect(findings(response({ results }))).toEqual([
      'a: M2 answered instead of M1. Attempts: M1 (gave way), then M2 (second call: ok).',
      'b: M1 answered by a second call. Attempts: M1 (gave way), then M1 (second call: ok).',
      'd: M2 answered instead of M1. Attempts: M1 was not asked (breaker_open: left alone after repeated failures), then M2 (ok).',
    ])
  })

  test('includes what to do about a document that is too large', () => {
    const error = { code: 'context_overflow', message: 'It does not fit.' }
    const [line] = findings(
      response({ results: [result('a', { status: 'failed', success: false, error, attempts: [] })] }),
    )
    expect(line).toBe(
      'a failed (context_overflow): It does not fit. Give a shorter document, or serve a model with a larger context window.',
    )
  })
})

describe('the report of a run', () => {
  test('shows document, status and measures, and ends with 0 when every task gave a whole answer', () => {
    const { out, err } = shown(ended(response()))
    expect(out).toContain('=== DISCHARGE SUMMARY ===\nStable.')
    expect(out).toContain('Run run-1 succeeded')
    expect(out).toContain('speed-up 1.68x')
    expect(out).not.toMatch(/simulated/i)
    expect(err).toBe('')
    expect(exitOf(ended(response()))).toBe(0)
  })

  test('says plainly when simulated servers wrote the text', () => {
    expect(shown(ended(response({ metadata: { simulated: true } }))).out).toContain(
      'Simulated model servers, not models',
    )
  })

  test('of a partial run says that the document is not complete and ends with 1', () => {
    const partial = ended(response({ status: 'partial', success: false }))
    expect(shown(partial).out).toContain('PARTIAL: the document is not complete')
    expect(exitOf(partial)).toBe(1)
  })

  test('of a failed run shows the problem and why, but no document', () => {
    const error = { code: 'upstream_unreachable', message: 'The model server could not be reached.' }
    const failed = result('a', { status: 'failed', success: false, content: null, error, attempts: [] })
    const run = response({ status: 'failed', success: false, results: [failed] })
    const problem = {
      title: 'No task of the run succeeded',
      status: 502,
      code: 'run_failed',
      detail: 'None.',
      errors: [],
      run,
    }
    const answer: RunAnswer = { kind: 'problem', problem, raw: problem }
    const { out, err } = shown(answer)
    expect(out).not.toContain('=== DISCHARGE SUMMARY ===')
    expect(out).toContain('a failed (upstream_unreachable)')
    expect(err).toContain('No task of the run succeeded. (502 run_failed)\nNone.')
    expect(exitOf(answer)).toBe(1)
  })

  test('lets no model move the cursor of the terminal', () => {
    const { out } = shown(ended(response({ aggregated_content: 'BP 120/80\u001b[2A\rBP 210/110' })))
    expect(out).toContain('BP 120/80\ufffd[2A\ufffdBP 210/110')
  })
})
