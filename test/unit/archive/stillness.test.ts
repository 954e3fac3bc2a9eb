import { describe, expect, it } from 'vitest'
import { Stillness } from '../../../src/archive/stillness.ts'

type One = [id: string, mark: string]
const looker = (mostMs = 10) => {
  const stillness = new Stillness(10, mostMs)
  return (now: number, ...all: One[]) =>
    stillness.look(
      all,
      ([id]) => id,
      ([, mark]) => mark,
      now,
    )
}

describe('what stands still', () => {
  it('has looked the same for the whole time', () => {
    const look = looker()
    expect(look(100, ['a', '1'], ['b', '1'])).toEqual([])
    expect(look(109, ['a', '1'], ['b', '2'])).toEqual([])
    expect(look(110, ['a', '1'], ['b', '2'])).toEqual([['a', '1']])
    expect(look(119, ['a', '1'], ['b', '2'])).toEqual([
      ['a', '1'],
      ['b', '2'],
    ])
  })

  it('begins anew when it was gone for a look', () => {
    const look = looker()
    look(0, ['a', '1'])
    look(5)
    expect(look(10, ['a', '1'])).toEqual([])
    expect(look(20, ['a', '1'])).toEqual([['a', '1']])
  })

  it('does not become still by time in which nobody looked', () => {
    const look = looker(3)
    look(0, ['a', '1'])
    expect(look(100, ['a', '1'])).toEqual([])
    look(103, ['a', '1'])
    look(106, ['a', '1'])
    expect(look(106.9, ['a', '1'])).toEqual([])
    expect(look(107, ['a', '1'])).toEqual([['a', '1']])
  })
})
