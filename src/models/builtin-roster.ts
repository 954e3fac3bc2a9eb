import type { RosterFile } from '../contract/roster.ts'

const at = (port: number): string => `http://127.0.0.1:${port}/v1`

const LARGE = { context_window: 8192 } as const
const TINY = { context_window: 2048 } as const

/**
 * The roster of a service that was told of no other: five models on two GPUs.
 *
 * No model has slots here: who starts llama-server chooses `--parallel`, and the server tells it. A number of ours would be too
 * high for one server, where calls would then wait without regard to priority, and leave slots of another idle.
 *
 * Fallbacks only lead to a model of at least the same size that was trained on medicine. The two medical models stand in
 * for each other. BiMediX2-8B also stands in for the insurance model, on the other GPU: what it writes about codes is a
 * proposal that a human coder checks anyway, and the result names the model that wrote it. Nothing falls back to a Tiny
 * model or, for clinical text, to the insurance model. Chat has no fallback: small talk must not take a clinical slot.
 */
export const builtinRoster: RosterFile = {
  gpus: [{ id: 0 }, { id: 1 }],
  models: [
    { id: 'BioMistral-Clinical-7B', url: at(8085), gpu: 0, ...LARGE },
    { id: 'BiMediX2-8B', url: at(8081), gpu: 0, ...LARGE },
    { id: 'Tiny-LLaMA-1.1B-Medical', url: at(8080), gpu: 0, ...TINY },
    { id: 'OpenInsurance-LLaMA3-8B', url: at(8084), gpu: 1, ...LARGE },
    { id: 'Tiny-LLaMA-1.1B-Chat', url: at(8083), gpu: 1, ...TINY },
  ],
  agents: {
    Clinical: { model: 'BioMistral-Clinical-7B', fallbacks: ['BiMediX2-8B'] },
    MedicalQA: { model: 'BiMediX2-8B', fallbacks: ['BioMistral-Clinical-7B'] },
    Billing: { model: 'OpenInsurance-LLaMA3-8B', fallbacks: ['BiMediX2-8B'] },
    Claims: { model: 'OpenInsurance-LLaMA3-8B', fallbacks: ['BiMediX2-8B'] },
    Triage: { model: 'Tiny-LLaMA-1.1B-Medical', fallbacks: ['BiMediX2-8B'] },
    Chat: { model: 'Tiny-LLaMA-1.1B-Chat', fallbacks: [] },
  },
}
