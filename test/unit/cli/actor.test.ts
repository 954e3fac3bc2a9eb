import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { actor } from '../../../src/cli/actor.ts'

test('the audit names the user of the operating system', () => {
  const { stdout } = spawnSync('id', ['-un'], { encoding: 'utf8' })
  expect(actor()).toBe(`cli:${stdout.trim()}`)
})

test('a user without a name, as in many containers, is named by number', () => {
  const nameless = () => {
    throw new Error('uv_os_get_passwd returned ENOENT')
  }
  expect(actor(nameless)).toBe(`cli:${process.getuid?.()}`)
})
