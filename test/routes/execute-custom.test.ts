import { describe, expect, it } from 'vitest'
import type { ChatRequest } from '../../simulator/request.ts'
import { CHAT, CLINICAL, custom, resultOf, run, startService } from '../helpers/service.ts'

async function record() {
  const asked: ChatRequest[] = []
  const service = await startService({
    simulator: {
      reply: (request) => {
        asked.push(request)
        return `Text ${asked.length}.`
      },
    },
  })
  return { service, asked }
}

describe('custom_tasks', () => {
  it('reach their models with what the caller asked for', async () => {
    const { service, asked } = await record()
    const task = { task_id: 'a', agent_type: 'Clinical', prompt: 'Say hello.', max_tokens: 33, temperature: 1.5 }
    const { results, metadata } = await run(service, custom([{ ...task, priority: 4 }]))
    expect(asked).toHaveLength(1)
    expect(asked[0]).toMatchObject({ model: CLINICAL, max_tokens: 33, temperature: 1.5, stream: false })
    expect(asked[0]?.messages[1]).toEqual({ role: 'user', content: 'Say hello.' })
    expect(results[0]).toMatchObject({ task_id: 'a', agent_type: 'Clinical', priority: 4, content: 'Text 1.' })
    expect(metadata.agents).toEqual(['Clinical'])
  })

  it('have 512 tokens, temperature 0.7, priority 0 and no dependencies unless they say otherwise', async () => {
    const { service, asked } = await record()
    const { results } = await run(service, custom([{ task_id: 'a' }]))
    expect(asked[0]).toMatchObject({ model: CHAT, max_tokens: 512, temperature: 0.7 })
    expect(results[0]).toMatchObject({ priority: 0, dependencies: [] })
  })

  it('accept the ends of every range', async () => {
    const { service, asked } = await record()
    const first = { task_id: 'a', max_tokens: 1, temperature: 0, priority: 0, timeout_ms: 86_400_000 }
    const second = { task_id: 'b', agent_type: 'Clinical', max_tokens: 7000, temperature: 2, priority: 5 }
    const response = await service.execute(custom([first, second], { timeout_ms: 86_400_000, priority: 0 }))
    expect(response.statusCode).toBe(200)
    expect(asked.map(({ temperature }) => temperature).sort()).toEqual([0, 2])
  })

  it('give a document under === CUSTOM WORKFLOW === with a subsection for each', async () => {
    const { service } = await record()
    const tasks = [{ task_id: 'drug_check' }, { task_id: 'second.opinion', agent_type: 'Clinical' }]
    const { aggregated_content, workflow_type } = await run(service, custom(tasks))
    expect(workflow_type).toBe('custom')
    const headings = aggregated_content.split('\n').filter((line) => /^(===|---)/.test(line))
    expect(headings).toEqual([
      '=== CUSTOM WORKFLOW ===',
      '--- Drug Check (Chat) ---',
      '--- Second Opinion (Clinical) ---',
    ])
  })

  it('take context and earlier outputs where their prompts name them, and nowhere twice', async () => {
    const { service, asked } = await record()
    const tasks = [
      { task_id: 'a', prompt: 'Read {{context.note}}, then {{ context.labs }}.' },
      { task_id: 'b', agent_type: 'Clinical', prompt: 'Given {{tasks.a.output}} go on.', dependencies: ['a'] },
    ]
    await run(
      service,
      custom(tasks, { context: { note: 'Stable.', labs: { k: 4.1, list: ['x', 'y'] }, unused: 'no' } }),
    )
    const [first, second] = asked.map(({ messages }) => messages[1]?.content)
    expect(first).toBe(
      'Read <context name="note">Stable.</context>, then <context name="labs">\nk: 4.1\nlist:\n  - x\n  - y\n</context>.',
    )
    expect(second).toBe('Given <output task="a" agent="Chat">Text 1.</output> go on.')
  })

  it('leave braces of any other kind alone', async () => {
    const { service, asked } = await record()
    const prompt = 'Keep {{x}}, {{ context }}, {context.note} and {{7*7}}.'
    await run(service, custom([{ task_id: 'a', prompt }]))
    expect(asked[0]?.messages[1]?.content).toBe(prompt)
  })

  it('hand an output over once when a dependency is named twice', async () => {
    const { service, asked } = await record()
    const response = await run(service, custom([{ task_id: 'a' }, { task_id: 'b', dependencies: ['a', 'a'] }]))
    expect(resultOf(response, 'b').dependencies).toEqual(['a'])
    expect(asked[1]?.messages[1]?.content.match(/<output /g)).toHaveLength(1)
  })
})

describe('the priority of a request', () => {
  it('lifts tasks that are below it and leaves the others', async () => {
    const { service } = await record()
    const tasks = [
      { task_id: 'low', priority: 1 },
      { task_id: 'high', priority: 5 },
    ]
    const response = await run(service, custom(tasks, { priority: 3 }))
    expect(response.results.map(({ priority }) => priority)).toEqual([3, 5])
  })

  it('lifts one run and not the next', async () => {
    const { service } = await record()
    const body = { workflow_type: 'parallel_qa', context: { question: 'Why?' } }
    expect((await run(service, { ...body, priority: 5 })).results.map(({ priority }) => priority)).toEqual([5, 5])
    expect((await run(service, body)).results.map(({ priority }) => priority)).toEqual([0, 0])
  })
})
