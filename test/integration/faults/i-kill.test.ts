import { describe, expect, test } from 'vitest'
import { startListening, startServer } from '../../helpers/process.ts'
import { answer, startHeldModel } from '../server/held-model.ts'
import { newFolder } from '../store/folder.ts'
import { ASYNC, endOf, KEY, listOf, post, STARTS, submit } from './i-asked.ts'

interface Statement {
  sql: RegExp
  /** Among its values. */
  value?: string
}

/** Kills the process by itself, right before or after the commit of the first transaction that holds such a statement. */
const killAt = (moment: 'before' | 'after', { sql, value }: Statement): string[] => {
  const code = `import { DatabaseSync } from 'node:sqlite'
    const { prepare } = DatabaseSync.prototype
    const die = () => process.kill(process.pid, 'SIGKILL')
    let seen = false
    DatabaseSync.prototype.prepare = function (sql) {
      const made = prepare.call(this, sql)
      for (const name of ['run', 'all']) {
        const done = made[name].bind(made)
        made[name] = (...values) => {
          if (${sql}.test(sql) && (${value === undefined} || values.includes('${value}'))) seen = true
          const dies = seen && sql === 'commit'
          if (dies && '${moment}' === 'before') die()
          const result = done(...values)
          if (dies) die()
          return result
        }
      }
      return made
    }`
  return ['--import', `data:text/javascript,${encodeURIComponent(code)}`]
}

const ACCEPTED = { sql: /insert into "runs"/ }
const OUTCOME = { sql: /insert into "tasks"/ }
const END = { sql: /update "runs"/, value: 'succeeded' }

/** A service on this folder that dies at that moment. */
async function startDoomed(env: Record<string, string>, nodeArgs: readonly string[]) {
  const server = startServer(env, nodeArgs)
  const [, origin = ''] = await server.says(/"address":"(http:\/\/127\.0\.0\.1:\d+)".*"listening"/)
  return { ...server, origin }
}

describe('I02: the process is killed', STARTS, () => {
  test.each([
    ['respond-async', { ...KEY, ...ASYNC }],
    ['a caller that waits', KEY],
  ])('after it took a run and before it said so (%s): the same key gives that run, done once', async (_, headers) => {
    const model = await startHeldModel()
    const env = { ...model.env, DATA_DIR: newFolder() }
    const doomed = await startDoomed(env, killAt('after', ACCEPTED))
    await expect(post(doomed.origin, headers)).rejects.toThrow()
    expect(await doomed.ended).toMatchObject({ signal: 'SIGKILL' })

    const { origin } = await startListening(env)
    void model.asked(0).then((call) => answer(call))
    const again = await post(origin, headers)
    expect([200, 202]).toContain(again.status)
    const { run_id } = (await again.json()) as { run_id: string }
    expect(await endOf(origin, run_id)).toMatchObject({ status: 'succeeded' })
    expect((await listOf(origin)).map((run) => run.run_id)).toEqual([run_id])
    expect(model.count()).toBe(1)
  })

  test('between the answer of a model and its commit: the call is made again, and its text counts once', async () => {
    const model = await startHeldModel()
    const env = { ...model.env, DATA_DIR: newFolder() }
    const doomed = await startDoomed(env, killAt('before', OUTCOME))
    const run_id = await submit(doomed.origin)
    answer(await model.asked(0), 'The first answer.')
    expect(await doomed.ended).toMatchObject({ signal: 'SIGKILL' })

    const { origin } = await startListening(env)
    answer(await model.asked(1), 'The second answer.')
    expect(await endOf(origin, run_id)).toMatchObject({
      status: 'succeeded',
      results: [{ content: 'The second answer.' }],
    })
    expect(model.count()).toBe(2)
  })

  test('between the end of a run and its answer: the same key gives that end, and nothing is done again', async () => {
    const model = await startHeldModel()
    const env = { ...model.env, DATA_DIR: newFolder() }
    const doomed = await startDoomed(env, killAt('after', END))
    void model.asked(0).then((call) => answer(call, 'The only answer.'))
    await expect(post(doomed.origin, KEY)).rejects.toThrow()
    expect(await doomed.ended).toMatchObject({ signal: 'SIGKILL' })

    const { origin } = await startListening(env)
    const again = await post(origin, KEY)
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([200, 'true'])
    expect(await again.json()).toMatchObject({ status: 'succeeded', results: [{ content: 'The only answer.' }] })
    expect(model.count()).toBe(1)
  })
})
