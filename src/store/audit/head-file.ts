import { open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Heads, readSignedHeads, signHeads } from './signed-heads.ts'

/** What is signed in the file; null when there is no file yet. Throws when it is there and not ours. */
export async function readHeadFile(path: string, key: Uint8Array): Promise<{ at: number; heads: Heads } | null> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
  return readSignedHeads(text, key)
}

async function flush(path: string, text: string | null): Promise<void> {
  const file = await open(path, text === null ? 'r' : 'w', 0o600)
  try {
    if (text !== null) await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

/**
 * Replaces the file in one step; after power loss it holds the old heads or the new ones. Called only with heads that
 * continue those in the file: see seal.ts.
 */
export async function writeHeadFile(path: string, at: number, heads: Heads, key: Uint8Array): Promise<void> {
  const next = `${path}.next`
  await flush(next, signHeads(at, heads, key))
  await rename(next, path)
  await flush(dirname(path), null)
}
