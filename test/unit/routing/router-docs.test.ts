import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseConfig } from '../../../src/config.ts'
import { DOMAINS } from '../../../src/contract/model-card.ts'
import { GateCode } from '../../../src/contract/routing.ts'
import { buildRoster } from '../../../src/models/roster.ts'
import { KNOWN_CARDS } from '../../../src/routing/cards/known.ts'
import { resolveCard } from '../../../src/routing/cards/resolve.ts'
import { UNKNOWN } from '../../../src/routing/router/candidate.ts'
import { WEIGHTS } from '../../../src/routing/router/weights.ts'
import { chosen, question } from './candidates.ts'

const TEXT = readFileSync(join(import.meta.dirname, '../../../docs/routing.md'), 'utf8')

/** The rows of the table whose head begins with a word, as cells without code marks. */
function tableOf(head: string): string[][] {
  const [, body = ''] = TEXT.split(`\n| ${head} |`)
  return (body.split('\n\n')[0] ?? '')
    .split('\n')
    .slice(2)
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('`', '')),
    )
}

describe('docs/routing.md', () => {
  test('shows the weights', () => {
    const actual = Object.entries(WEIGHTS).map(([prefer, { quality, speed, fit, confidence, cost }]) =>
      [prefer, quality, speed, fit, confidence, cost].map(String),
    )
    expect(tableOf('prefer')).toEqual(actual)
  })

  test('explains every gate in its order', () => {
    expect(tableOf('code').map(([code]) => code)).toEqual(GateCode.options)
  })

  test('shows every built-in card', () => {
    const shown = tableOf('model')
    expect(shown.map(([name]) => name?.toLowerCase())).toEqual([...KNOWN_CARDS.keys()])
    for (const [name = '', ...cells] of shown) {
      const card = resolveCard({ id: name, served_model: name, context_window: null })
      const domains = card.domains.length === DOMAINS.length ? 'all' : card.domains.join(', ')
      const weak = card.weaknesses.join(', ') || '–'
      const actual = [card.tier, String(card.speed), String(card.quality), card.strengths.join(', '), weak, domains]
      expect(cells, name).toEqual(actual)
    }
  })

  test('shows a roster whose rules do what is said', () => {
    const [, content = ''] = /```json\n([\s\S]*?)```/.exec(TEXT) ?? []
    const env = { MODELS_FILE: 'm.json', ALLOWED_MODEL_HOSTS: 'gpu1,gpu2,api.vendor.example' }
    const roster = buildRoster(parseConfig(env, () => content).models)
    const candidates = [...roster.models.values()].map((model) => ({
      card: resolveCard(model),
      off: model.off ?? null,
      live: UNKNOWN,
    }))
    const policy = { phi_egress: false, routing: roster.routing, tools: [] }
    const decision = chosen(question({ type: 'CODING' }), candidates, policy)
    expect(decision.target_model).toBe('coder')
    expect(decision.table.find(({ model }) => model === 'cloud-xl')?.gate?.code).toBe('cloud_off')
  })
})
