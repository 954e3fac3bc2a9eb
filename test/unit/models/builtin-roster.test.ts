import { describe, expect, it } from 'vitest'
import { RosterFile } from '../../../src/contract/roster.ts'
import { builtinRoster } from '../../../src/models/builtin-roster.ts'

const windowOf = (id: string): number => builtinRoster.models.find((model) => model.id === id)?.context_window ?? 0

describe('the built-in roster', () => {
  it('is a roster as MODELS_FILE could hold it', () => {
    expect(RosterFile.parse(builtinRoster)).toEqual(builtinRoster)
  })

  it('pins five models to two GPUs on the ports that the contract names', () => {
    expect(builtinRoster.models.map(({ id, url, gpu }) => [id, new URL(url).port, gpu])).toEqual([
      ['BioMistral-Clinical-7B', '8085', 0],
      ['BiMediX2-8B', '8081', 0],
      ['Tiny-LLaMA-1.1B-Medical', '8080', 0],
      ['OpenInsurance-LLaMA3-8B', '8084', 1],
      ['Tiny-LLaMA-1.1B-Chat', '8083', 1],
    ])
  })

  it('gives each agent the model that the contract names', () => {
    expect(Object.entries(builtinRoster.agents).map(([agent, { model }]) => [agent, model])).toEqual([
      ['Clinical', 'BioMistral-Clinical-7B'],
      ['MedicalQA', 'BiMediX2-8B'],
      ['Billing', 'OpenInsurance-LLaMA3-8B'],
      ['Claims', 'OpenInsurance-LLaMA3-8B'],
      ['Triage', 'Tiny-LLaMA-1.1B-Medical'],
      ['Chat', 'Tiny-LLaMA-1.1B-Chat'],
    ])
  })

  it('falls back only to a medical model of at least the same size', () => {
    for (const { model, fallbacks } of Object.values(builtinRoster.agents))
      for (const fallback of fallbacks) {
        expect(['BioMistral-Clinical-7B', 'BiMediX2-8B']).toContain(fallback)
        expect(fallback).not.toBe(model)
        expect(windowOf(fallback)).toBeGreaterThanOrEqual(windowOf(model))
      }
  })
})
