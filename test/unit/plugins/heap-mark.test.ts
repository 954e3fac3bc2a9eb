import { describe, expect, it } from 'vitest'
import { heapMark } from '../../../src/plugins/overload.ts'

const MIB = 2 ** 20

// Limits as Node 24 tells them for these flags: the old generation and three semi-spaces.
describe('the mark of a heap that is nearly full', () => {
  it.each([
    { flags: [], limit: 4288, old: 4096 },
    { flags: ['--max-semi-space-size=8'], limit: 4120, old: 4096 },
    { flags: ['--max-old-space-size=128'], limit: 320, old: 128 },
    { flags: ['--max-semi-space-size=1', '--max-old-space-size=192'], limit: 195, old: 192 },
    { flags: ['--max_semi_space_size=16', '--max-semi-space-size=1'], limit: 195, old: 192 },
  ])('lies at 92 % of what is for all that lives longer: $flags', ({ flags, limit, old }) => {
    expect(heapMark(limit * MIB, flags)).toBe(Math.floor(old * MIB * 0.92))
  })

  it('leaves work something where nearly all is for what has just been made', () => {
    expect(heapMark(200 * MIB, [])).toBe(Math.floor(80 * MIB * 0.92))
  })
})
