import { expect, test } from 'vitest'
import { letter, openWard, TEXT, WRITES } from './ward.ts'

const FORBIDDEN = [
  ['\u202e', 'U+202E'],
  ['\u202c', 'U+202C'],
  ['\u2066', 'U+2066'],
  ['\ud800', 'U+D800'],
  ['\udc00', 'U+DC00'],
  ['\u001b', 'U+001B'],
  ['\u0000', 'U+0000'],
  ['\u0007', 'U+0007'],
  ['\u0085', 'U+0085'],
] as const

test('a human’s text with a character that deceives or cannot be kept is refused with its place, and decides nothing', async () => {
  const ward = await openWard(WRITES)
  const run_id = await ward.begin(letter())
  await ward.waiting(run_id)
  for (const [character, name] of FORBIDDEN)
    for (const [decision, field] of [
      ['approve', 'content'],
      ['approve', 'comment'],
      ['reject', 'comment'],
    ] as const) {
      const answer = await ward.decide(run_id, { decision, [field]: `Aspirin 🩺\nGive ${character}50 mg` })
      expect(answer.json(), `${decision} ${field} ${name}`).toMatchObject({
        status: 400,
        code: 'invalid_request',
        errors: [{ field, message: expect.stringMatching(new RegExp(`^holds ${name.replace('+', '\\+')} `)) }],
      })
      // Aspirin, the space, the sign, the line end and "Give " come before it.
      expect(answer.json().errors[0].message).toContain('as character 16 (line 2, column 6)')
      expect(answer.body).not.toMatch(/Aspirin|mg/)
    }
  const run = await ward.view(run_id)
  expect(run).toMatchObject({ status: 'awaiting_approval', approvals: [{ status: 'pending', comment: null }] })
})

test('both fields are named where both hold one', async () => {
  const ward = await openWard(WRITES)
  const run_id = await ward.begin(letter())
  await ward.waiting(run_id)
  const answer = await ward.decide(run_id, { decision: 'approve', content: 'a\u0000', comment: '\u202eb\u0007' })
  expect(answer.json().errors).toMatchObject([
    { field: 'content', message: expect.stringContaining('U+0000 as character 2') },
    { field: 'comment', message: expect.stringContaining('U+202E as character 1') },
  ])
})

test('line ends of every editor, tabs, a mark of order at its beginning and marks that scripts need are no reason to refuse', async () => {
  const ward = await openWard(WRITES)
  const run_id = await ward.begin(letter())
  await ward.waiting(run_id)
  const own = '\u05e9\u05dc\u05d5\u05dd\u200f 🩺\u200d\tAspirin'
  const comment = 'Read.\r\nAgreed.\tאב\u200e'
  await ward.decided(run_id, { decision: 'approve', content: `\ufeff${TEXT}\r\nLine.\rLine.\n${own}\n`, comment })
  const run = await ward.ended(run_id)
  expect(run.aggregated_content).toContain(`${TEXT}\nLine.\nLine.\n${own}`)
  expect(run.approvals[0]?.comment).toBe(comment)
})
