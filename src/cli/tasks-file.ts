import type { ExecuteInput } from '../contract/execute.ts'
import { readJsonFile } from './context-file.ts'
import { UsageError } from './errors.ts'

type Tasks = NonNullable<ExecuteInput['custom_tasks']>

/**
 * The custom tasks in a JSON file, an array. What each task must hold is left to
 * the service to check. Throws a UsageError that names the file and never quotes it.
 */
export async function readTasksFile(path: string): Promise<Tasks> {
  const content = await readJsonFile(path, '--tasks')
  if (!Array.isArray(content)) throw new UsageError(`--tasks ${path}: must be a JSON array of tasks`)
  return content as Tasks
}
