import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff'

/** Beyond so many changed lines a comparison takes long, and meanwhile nobody else is served. */
const MOST_CHANGED_LINES = 1000

const OPTIONS = { context: 2, maxEditLength: MOST_CHANGED_LINES, headerOptions: FILE_HEADERS_ONLY }

const marked = (mark: string, text: string): string =>
  text
    .split('\n')
    .map((line) => `${mark}${line}\n`)
    .join('')

/** All of one text out, all of the other in. */
function replacedWhole(before: string, after: string): string {
  const lines = (text: string) => text.split('\n').length
  const head = `--- as written\n+++ as approved\n@@ -1,${lines(before)} +1,${lines(after)} @@\n`
  return `${head}${marked('-', before)}${marked('+', after)}`
}

/** From the text as it was written to the one that was approved, as a unified diff line by line. */
export function diffOf(written: string, approved: string): string {
  const patch: string | undefined = createTwoFilesPatch(
    'as written',
    'as approved',
    `${written}\n`,
    `${approved}\n`,
    '',
    '',
    OPTIONS,
  )
  return patch ?? replacedWhole(written, approved)
}
