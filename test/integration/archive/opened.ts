import type { StoreConfig } from '../../../src/config/store.ts'
import { parseConfig } from '../../../src/config.ts'

export interface Line {
  level: 'info' | 'warn'
  message: string
  about: Record<string, unknown>
}

/** The store's settings out of an environment. */
export const storeConfig = (env: Record<string, string> = {}): StoreConfig => parseConfig(env).store

/** A log that keeps its lines, and tells when a message comes. */
export function createLog() {
  const lines: Line[] = []
  const waiting: { message: string; resolve: (line: Line) => void }[] = []
  const take = (level: Line['level']) => (about: object, message: string) => {
    const line = { level, message, about: { ...about } }
    lines.push(line)
    for (const one of waiting.filter((each) => each.message === message)) one.resolve(line)
  }
  const said = (message: string): Promise<Line> => {
    const there = lines.find((line) => line.message === message)
    return there ? Promise.resolve(there) : new Promise((resolve) => waiting.push({ message, resolve }))
  }
  return { log: { info: take('info'), warn: take('warn') }, lines, said }
}
