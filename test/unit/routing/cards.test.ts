import { describe, expect, it, test } from 'vitest'
import { ListedCard, ModelCard } from '../../../src/contract/model-card.ts'
import { builtinRoster } from '../../../src/models/builtin-roster.ts'
import { KNOWN_CARDS } from '../../../src/routing/cards/known.ts'
import { type CardSource, resolveCard } from '../../../src/routing/cards/resolve.ts'

const card = (id: string, parts: Partial<CardSource> = {}): ModelCard =>
  resolveCard({ id, served_model: id, context_window: null, ...parts })

describe('a card', () => {
  test('of a model that nobody has said anything of has a default for everything', () => {
    expect(card('new-7b')).toEqual({
      id: 'new-7b',
      kind: 'chat',
      tier: 'LOCAL_LARGE',
      cloud: false,
      speed: 5,
      quality: 5,
      strengths: [],
      weaknesses: [],
      remarks: { strengths: [], weaknesses: [] },
      domains: ['clinical', 'billing', 'general', 'code'],
      main_domain: null,
      context_window: null,
      max_output: null,
      memory_gb: null,
      price: { input: 0, output: 0 },
      source: 'default',
    })
  })

  test.each([
    ['llama3.1:8b-instruct-q4_K_M', 9, 7],
    ['qwen2.5:14b-instruct-q4_K_M', 6, 8.5],
    ['qwen2.5-coder:7b-instruct-q4_K_M', 8, 8],
    ['ministral-3:8b', 7, 7.5],
  ])('of %s is found by served_model, whatever its id', (served_model, speed, quality) => {
    expect(card('ours', { served_model })).toMatchObject({ id: 'ours', speed, quality, source: 'known' })
    expect(card(served_model, { served_model: 'org/other' })).toMatchObject({ speed, quality })
  })

  test('of every model of the hospital is known, is local, and costs nothing', () => {
    for (const { id } of builtinRoster.models)
      expect(card(id), id).toMatchObject({ source: 'known', cloud: false, price: { input: 0, output: 0 } })
  })

  test('is replaced by the roster field by field', () => {
    const served_model = 'qwen2.5:14b-instruct-q4_K_M'
    const listed = card('q', { served_model, context_window: 4096, card: { speed: 3, price: { gpu_second: 0.01 } } })
    expect(listed).toMatchObject({ speed: 3, quality: 8.5, context_window: 4096, price: { gpu_second: 0.01 } })
    expect(listed.strengths).toContain('REASONING')
    expect(card('q', { served_model, card: { speed: 3, quality: 4 } }).source).toBe('roster')
  })

  test('has no type on both sides: the side that the roster lists counts', () => {
    const served_model = 'qwen2.5-coder:7b-instruct-q4_K_M'
    const strong = card('q', { served_model, card: { strengths: ['WRITING'] } })
    expect([strong.strengths, strong.weaknesses]).toEqual([['WRITING'], ['CREATIVE']])
    const weak = card('q', { served_model, card: { weaknesses: ['CODING'] } })
    expect([weak.strengths, weak.weaknesses]).toEqual([[], ['CODING']])
  })

  test('keeps remarks apart from types', () => {
    const { strengths, remarks } = card('m', { card: { strengths: ['CODING', 'letters in German'] } })
    expect([strengths, remarks.strengths]).toEqual([['CODING'], ['letters in German']])
  })

  test('of a specialist outside of the hospital is a cloud card', () => {
    expect(card('m', { card: { tier: 'SPECIALIST', cloud: true } }).cloud).toBe(true)
    expect(card('m', { card: { tier: 'CLOUD_SMALL' } }).cloud).toBe(true)
    expect(card('m', { card: { tier: 'SPECIALIST' } }).cloud).toBe(false)
  })
})

describe('what is known', () => {
  test.each([...KNOWN_CARDS])('of %s is what a roster could list, under a name in lower case', (name, known) => {
    const { context_window: _, ...listed } = known
    expect(ListedCard.strict().parse(listed)).toEqual(listed)
    expect(name).toBe(name.toLowerCase())
    expect(ModelCard.parse(card(name))).toEqual(card(name))
  })
  // What may go out is decided by the roster alone: a cloud model that it does not call one would be asked freely.
  it('makes no model a cloud model', () => {
    expect([...KNOWN_CARDS.keys()].filter((name) => card(name).cloud)).toEqual([])
  })
})
