import { describe, expect, it } from 'vitest'
import { isOllama, readLoadedContext } from '../../../src/models/ollama.ts'
import { readProps } from '../../../src/models/props.ts'
import { decideSlots, differs, shareSlots, type ToldSlots } from '../../../src/models/slots.ts'
import { readMaxModelLen, readRoom } from '../../../src/models/vllm.ts'

const told = (count: number, parts: Partial<ToldSlots> = {}): ToldSlots => ({
  count,
  source: 'server',
  exact: true,
  ...parts,
})
const ABSURD = [0, -1, 1.5, 1025, 1e308, Number.NaN, '4', null, undefined, [4], { n: 4 }, true]

describe('slots', () => {
  it('are those of the roster, else those of the server, else 1', () => {
    expect(decideSlots(3, told(8))).toMatchObject({ count: 3, source: 'roster' })
    expect(decideSlots(null, told(8))).toMatchObject({ count: 8, source: 'server' })
    expect(decideSlots(null, told(4, { source: 'environment' }))).toMatchObject({ count: 4, source: 'environment' })
    expect(decideSlots(null, null)).toEqual({ count: 1, source: 'default', told: null })
  })

  it.each([
    { what: 'another number', listed: 2, from: told(4), news: true },
    { what: 'the same number', listed: 2, from: told(2), news: false },
    { what: 'room for more', listed: 2, from: told(40, { exact: false }), news: false },
    { what: 'room for less', listed: 8, from: told(5, { exact: false }), news: true },
    { what: 'anything where the roster lists none', listed: null, from: told(4), news: false },
    { what: 'nothing', listed: 2, from: null, news: false },
  ])('are worth a word ($news) when the server tells $what', ({ listed, from, news }) => {
    expect(differs(listed, from)).toBe(news)
  })

  it('of a server are divided among its models; those that Ollama gives each model are not', () => {
    expect(shareSlots(told(5), 2)).toMatchObject({ count: 2, exact: false })
    expect(shareSlots(told(1), 3)).toMatchObject({ count: 1 })
    expect(shareSlots(told(4, { source: 'environment' }), 3)).toEqual(told(4, { source: 'environment' }))
  })
})

describe('what llama.cpp tells', () => {
  it('is its slots and the context of one', () => {
    expect(readProps({ total_slots: 4, default_generation_settings: { n_ctx: 2048 } })).toEqual({
      slots: told(4),
      context_window: 2048,
    })
  })

  it.each(ABSURD)('is ignored where it cannot be: %j', (value) => {
    expect(readProps({ total_slots: value }).slots).toBeNull()
  })

  it.each([null, undefined, 'text', 7, [], { default_generation_settings: null }])('is nothing in %j', (body) => {
    expect(readProps(body)).toEqual({ slots: null, context_window: null })
  })
})

const LABELS = 'block_size="16",cache_dtype="auto",gpu_memory_utilization="0.82",num_gpu_blocks_override="None"'
const sample = (labels: string) =>
  `# HELP vllm:cache_config_info Information of the LLMEngine CacheConfig\n# TYPE vllm:cache_config_info gauge\nvllm:cache_config_info{${labels}} 1.0\n`

describe('what vLLM tells', () => {
  it('is the calls of full length that its KV cache holds', () => {
    // 573 blocks of 16 tokens: 9168.
    expect(readRoom(sample(`${LABELS},num_gpu_blocks="573"`), 2048)).toEqual(told(4, { exact: false }))
  })

  it('is what newer versions work out themselves, which knows models whose layers differ', () => {
    const labels = `${LABELS},num_gpu_blocks="86",kv_cache_size_tokens="111238",kv_cache_max_concurrency="2.26"`
    expect(readRoom(sample(labels), 49_152)).toMatchObject({ count: 2 })
    expect(readRoom(sample(`${LABELS},num_gpu_blocks="86",kv_cache_size_tokens="111238"`), 16_384)).toMatchObject({
      count: 6,
    })
  })

  it('is the sum over its engines', () => {
    const engine = (at: number) => sample(`engine="${at}",${LABELS},num_gpu_blocks="573"`)
    expect(readRoom(engine(0) + engine(1), 2048)).toMatchObject({ count: 8 })
  })

  it('is 1 at least, and no more than vLLM usually takes at once', () => {
    expect(readRoom(sample(`${LABELS},num_gpu_blocks="573"`), 100_000)).toMatchObject({ count: 1 })
    expect(readRoom(sample(`${LABELS},num_gpu_blocks="127626"`), 2048)).toMatchObject({ count: 256 })
  })

  it.each(['None', '', '-5', '0', 'NaN', 'Infinity', '1e300', 'many'])('is nothing with %j blocks', (blocks) => {
    expect(readRoom(sample(`${LABELS},num_gpu_blocks="${blocks}"`), 2048)).toBeNull()
  })

  it.each(['', 'vllm:cache_config_info{', 'vllm:cache_config_info 1', 'go_threads{a="1"} 3', '{"json":true}'])(
    'is nothing in %j',
    (text) => {
      expect(readRoom(text, 2048)).toBeNull()
    },
  )

  it.each([null, {}, { data: [] }, { data: [null] }, { data: [{ max_model_len: '2048' }] }, { data: {} }, 'text'])(
    'is no length in %j',
    (body) => {
      expect(readMaxModelLen(body)).toBeNull()
    },
  )
})

describe('what Ollama tells', () => {
  it('is that it is one', () => {
    expect(isOllama({ version: '0.12.6' })).toBe(true)
    for (const other of [null, {}, { version: 3 }, 'text']) expect(isOllama(other)).toBe(false)
  })

  it('is the context of the models that are loaded', () => {
    const body = {
      models: [null, { name: 'llama3:8b', context_length: 4096 }, { name: 'qwen:latest', context_length: 8192 }],
    }
    expect(readLoadedContext(body, 'llama3:8b')).toBe(4096)
    expect(readLoadedContext(body, 'qwen')).toBe(8192)
    expect(readLoadedContext(body, 'llama3')).toBeNull()
    for (const other of [null, {}, { models: {} }, { models: [{ name: 'qwen', context_length: '9' }] }])
      expect(readLoadedContext(other, 'qwen')).toBeNull()
  })
})
