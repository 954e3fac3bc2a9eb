import { describe, expect, it } from 'vitest'
import type { FindEvidence, FoundEvidence, Wanted } from '../../../src/run/find-evidence.ts'
import { FakePort, fakeShop } from '../../helpers/fake-port.ts'
import { opened, runWhole, STRICT } from '../../helpers/opened.ts'
import { planOf, task } from '../../helpers/plans.ts'

const cited = { evidence_id: 'E1', document_id: 'd', source: 's', title: 't', passage: 1, score: 0.9, cited: true }
const FOUND: FoundEvidence = {
  block: '<evidence id="E1">E</evidence>',
  warning: null,
  cite: (answer) => ({ citations: [{ ...cited, cited: answer.includes('[E1]') }], unknown: [] }),
}

/** Runs one task with evidence; gives its outcome, what was looked for and what its model was asked. */
async function researched(
  own: Parameters<typeof task>[1],
  { find = async () => FOUND, context = {} }: { find?: FindEvidence; context?: Record<string, unknown> } = {},
) {
  const wanted: (Wanted & { tenant: string })[] = []
  const port = new FakePort((call) => call.succeed('So it is [E1].'))
  const findEvidence: FindEvidence = (tenant, wish) => {
    wanted.push({ tenant, ...wish })
    return find(tenant, wish)
  }
  const shop = fakeShop(port, { parts: { findEvidence } })
  const plan = planOf([task('a', own)], context)
  const [outcome] = await runWhole(plan, shop, opened(plan, shop), STRICT)
  const { calls } = port
  return { outcome, wanted, calls, prompts: calls.map(({ request }) => String(request.user)) }
}

describe('a task with evidence', () => {
  it('has it behind its prompt, and its citations in its outcome', async () => {
    const { outcome, prompts, wanted } = await researched({ retrieve: { top_k: 3, min_score: 0.5 } })
    expect(prompts[0]).toMatch(/^Write a\.[\s\S]*\n\n<evidence id="E1">E<\/evidence>$/)
    expect(outcome).toMatchObject({ status: 'succeeded', citations: [cited], warnings: [] })
    expect(wanted).toMatchObject([{ tenant: 'default', top_k: 3, min_score: 0.5 }])
  })

  it('looks for what its query says, values without the marks that they have in a prompt', async () => {
    const { wanted } = await researched(
      { prompt: 'Keep {{context.drug}}?', retrieve: { query: 'dose of {{context.drug}}' } },
      { context: { drug: 'met<formin' } },
    )
    expect(wanted[0]?.query).toBe('dose of met<formin')
  })

  it('looks for its prompt when it has no query', async () => {
    expect((await researched({ retrieve: {} })).wanted[0]?.query).toMatch(/^Write a\./)
  })

  it('goes on without, and says so', async () => {
    const nothing: FoundEvidence = {
      block: '',
      warning: 'the memory does not answer.',
      cite: () => ({ citations: [], unknown: ['E7'] }),
    }
    const { outcome, prompts } = await researched({ retrieve: {} }, { find: async () => nothing })
    expect(prompts[0]).not.toContain('evidence')
    expect(outcome).toMatchObject({
      status: 'succeeded',
      citations: [],
      warnings: [
        'Written without all evidence: the memory does not answer.',
        'Cites evidence that it was not given: E7.',
      ],
    })
  })

  it('waits for it no longer than for half of its own time', async () => {
    const now = performance.now()
    const { wanted } = await researched({ retrieve: {}, timeout_ms: 400 })
    expect((wanted[0]?.deadline ?? 0) - now).toBeLessThan(2000)
    expect((await researched({ retrieve: {} })).wanted[0]?.deadline).toBeLessThan(performance.now() + 5001)
  })

  it('has no more time because of the search: what that took is gone', async () => {
    let asked = 0
    const slow: FindEvidence = async () => {
      asked = performance.now()
      while (performance.now() < asked + 400);
      return FOUND
    }
    const { calls } = await researched({ retrieve: {}, timeout_ms: 4000 }, { find: slow })
    expect(calls[0]?.request.deadline).toBeLessThan(asked + 4200)
  })

  it('fails alone when looking for it breaks', async () => {
    const faults: unknown[] = []
    const shop = fakeShop(new FakePort(), {
      parts: { findEvidence: () => Promise.reject(new Error('a fault of ours')) },
    })
    const plan = planOf([task('a', { retrieve: {} })])
    const hooks = { ...STRICT, onFault: (error: unknown) => void faults.push(error) }
    const [outcome] = await runWhole(plan, shop, opened(plan, shop), hooks)
    expect(outcome?.error?.code).toBe('internal_error')
    expect(faults).toHaveLength(1)
  })
})
