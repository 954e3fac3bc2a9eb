import type { ModelServer } from '../../../simulator/server.ts'

/** Makes `count` calls, at most `width` at once. */
export async function crowd<T>(count: number, width: number, call: (n: number) => Promise<T>): Promise<T[]> {
  const made: T[] = []
  let next = 0
  const worker = async () => {
    while (next < count) made.push(await call(next++))
  }
  await Promise.all(Array.from({ length: width }, worker))
  return made
}

/** Which of these prompts each call at a server held, in the order of arrival; undefined for another. */
export const orderAt = ({ ledger }: ModelServer, prompts: readonly string[]): (string | undefined)[] =>
  ledger.entries.map(({ messages }) => prompts.find((text) => messages.some(({ content }) => content.includes(text))))
