import { open, unlink } from 'node:fs/promises'
import { UsageError } from './errors.ts'

const reasons: Record<string, string> = {
  EEXIST: 'is there already, and is not replaced',
  ENOENT: 'its folder is not there',
  EACCES: 'permission denied',
}

/**
 * Makes a file that only its owner may read, for `work` to write into; when that fails no file is left behind. Throws a
 * UsageError when the file is there already or cannot be made.
 */
export async function writeNewFile<T>(
  path: string,
  option: string,
  work: (write: (text: string) => Promise<void>) => Promise<T>,
): Promise<T> {
  const file = await open(path, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`${option} ${path}: ${reasons[error.code ?? ''] ?? `cannot be made (${error.code})`}`)
  })
  try {
    const done = await work((text) => file.writeFile(text))
    await file.close()
    return done
  } catch (error) {
    await file.close().catch(() => undefined)
    await unlink(path).catch(() => undefined)
    throw error
  }
}
