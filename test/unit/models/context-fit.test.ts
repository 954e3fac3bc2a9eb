import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { estimateFit, looksCut, overflowMessage, showsCut, surelyFits } from '../../../src/models/context-fit.ts'

describe('a prompt measured by its length alone', () => {
  const judge = (chars: number) => estimateFit({ chars, max_tokens: 100, window: 1100 })

  it.each<[number, string]>([
    [0, 'fits'],
    [2500, 'fits'],
    [2501, 'uncertain'],
    [4000, 'uncertain'],
    [4001, 'overflow'],
  ])('of %i characters with 1000 tokens of room: %s', (chars, expected) => {
    expect(judge(chars)).toBe(expected)
  })

  it('overflows when max_tokens alone fill the window', () => {
    expect(estimateFit({ chars: 1, max_tokens: 1100, window: 1100 })).toBe('overflow')
    expect(estimateFit({ chars: 0, max_tokens: 1100, window: 1100 })).toBe('fits')
  })

  it('never fits better by being longer', () => {
    const order = ['fits', 'uncertain', 'overflow']
    const sizes = fc.tuple(fc.nat(100_000), fc.nat(1000), fc.nat(8192), fc.integer({ min: 128, max: 32_768 }))
    fc.assert(
      fc.property(sizes, ([chars, more, max_tokens, window]) => {
        const rank = (n: number) => order.indexOf(estimateFit({ chars: n, max_tokens, window }))
        expect(rank(chars + more)).toBeGreaterThanOrEqual(rank(chars))
      }),
    )
  })

  it('needs no measuring when there are fewer bytes than tokens of room', () => {
    expect(surelyFits(1000, { chars: 1, max_tokens: 100, window: 1100 })).toBe(true)
    expect(surelyFits(1001, { chars: 1, max_tokens: 100, window: 1100 })).toBe(false)
  })
})

it('a prompt that does not fit is refused with the numbers, and an estimate as one', () => {
  const size = { chars: 40_001, max_tokens: 512, window: 8192 }
  expect(overflowMessage(9120, size)).toBe(
    'The prompt has 9120 tokens; with its max_tokens of 512 that passes the context window of 8192 tokens.',
  )
  expect(overflowMessage(null, size)).toMatch(/^The prompt has at least about 10001 tokens; /)
})

describe('the server’s counts', () => {
  const cut = (parts: Partial<Parameters<typeof showsCut>[0]>) =>
    showsCut({ exact: null, prompt_tokens: 500, tokens: 50, window: null, ...parts })

  it('show a cut when it read fewer tokens than the prompt has', () => {
    expect(cut({ exact: 501 })).toBe(true)
    expect(cut({ exact: 500 })).toBe(false)
    expect(cut({ exact: 480, window: 550 }), 'more than the text: the chat template').toBe(false)
  })

  it('show a cut, without an exact count, when prompt and answer meet the edge of the window', () => {
    expect(cut({ window: 550 })).toBe(true)
    expect(cut({ window: 551 })).toBe(false)
    expect(cut({ window: 500, tokens: null })).toBe(true)
  })

  it('show nothing when nothing is known', () => {
    expect(cut({})).toBe(false)
  })

  it('are worth a second look below one token for five characters', () => {
    expect(looksCut(2501, 500)).toBe(true)
    expect(looksCut(2500, 500)).toBe(false)
  })
})
