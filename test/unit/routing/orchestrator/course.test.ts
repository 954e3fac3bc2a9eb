import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { beginCourse, isOver, type Move, moveOn, offeredNow } from '../../../../src/routing/orchestrator/course.ts'
import type { TurnRead } from '../../../../src/routing/orchestrator/read-turn.ts'
import { offer } from './cast.ts'

const OFFERS = [offer('enhance_reasoning'), offer('answer'), offer('plan_steps')]
const NOTHING: TurnRead = { reasoning: null, choice: null, ignored: [], fault: 'no_call' }
const NOT_OFFERED: TurnRead = { ...NOTHING, fault: 'not_offered' }
const calling = (tool: number, model = 0): TurnRead => {
  const { tool: chosen, experts } = OFFERS[tool] as (typeof OFFERS)[number]
  return { ...NOTHING, fault: null, choice: { tool: chosen, expert: experts[model] as (typeof experts)[number] } }
}

/** The moves that follow from a line of turns, up to the first that is the last. */
function play(turns: readonly TurnRead[], max_turns = 10): (Move['kind'] | string)[] {
  let course = beginCourse(max_turns)
  const moves: string[] = []
  for (const turn of turns) {
    if (isOver(course)) return [...moves, 'over']
    const moved = moveOn(course, turn)
    course = moved.course
    moves.push(moved.move.kind === 'fall_back' ? moved.move.reason : moved.move.kind)
    if (moved.move.kind === 'fall_back') return moves
  }
  return isOver(course) ? [...moves, 'over'] : moves
}

describe('the course of a task', () => {
  test.each<[string, TurnRead[], number, string[]]>([
    ['calls follow each other', [calling(0), calling(1)], 10, ['call', 'call']],
    ['a turn without a call is asked again once', [NOTHING, NOTHING], 10, ['ask_again', 'invalid']],
    ['every turn anew', [NOTHING, calling(0), NOTHING, calling(1)], 10, ['ask_again', 'call', 'ask_again', 'call']],
    ['the third same call is a circle', [calling(0), calling(0), calling(0)], 10, ['call', 'call', 'loop']],
    [
      'another model breaks it',
      [calling(0), calling(0), calling(0, 1), calling(0)],
      10,
      ['call', 'call', 'call', 'call'],
    ],
    [
      'an answer that failed may be asked for again',
      [calling(1), calling(1), calling(1)],
      10,
      ['call', 'call', 'call'],
    ],
    ['turns end', [calling(0), calling(2)], 2, ['call', 'call', 'over']],
    ['so do they for who will not answer', [calling(0), NOT_OFFERED, NOT_OFFERED], 2, ['call', 'ask_again', 'turns']],
  ])('%s', (_, turns, max_turns, moves) => {
    expect(play(turns, max_turns)).toEqual(moves)
  })

  test('offers only an answer on its last turn', () => {
    const names = (turn: number) => offeredNow({ ...beginCourse(2), turn }, OFFERS).map(({ tool }) => tool.name)
    expect(names(1)).toEqual(['enhance_reasoning', 'answer', 'plan_steps'])
    expect(names(2)).toEqual(['answer'])
  })

  test('ends, whatever the model writes: at most two asks a turn', () => {
    const turn = fc.oneof(
      fc.constant(NOTHING),
      fc.constant(NOT_OFFERED),
      fc.tuple(fc.nat(2), fc.nat(1)).map(([tool, model]) => calling(tool, model)),
    )
    fc.assert(
      fc.property(fc.array(turn, { minLength: 120, maxLength: 120 }), fc.integer({ min: 1, max: 50 }), (turns, max) => {
        const moves = play(turns, max)
        const last = moves.at(-1) as string
        expect(['over', 'invalid', 'loop', 'turns']).toContain(last)
        expect(moves.filter((move) => move === 'call').length).toBeLessThanOrEqual(max)
        expect(moves.filter((move) => move === 'ask_again').length).toBeLessThanOrEqual(max)
      }),
    )
  })
})
