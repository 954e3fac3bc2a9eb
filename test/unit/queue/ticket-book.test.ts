import { expect, it } from 'vitest'
import { type Entry, TicketBook } from '../../../src/queue/ticket-book.ts'

function bookOf(free: number) {
  const told: string[] = []
  const book = new TicketBook(free, () => told.push('permit lost'))
  const open = (id: string) => {
    const ends = { granted: () => told.push(`${id} granted`), lost: () => told.push(`${id} lost`) }
    const entry: Entry = { id, priority: 1, ends, state: 'waiting', added: true, move: () => {}, giveBack: () => {} }
    book.open(entry)
    return entry
  }
  return { book, open, told }
}

it('does not take a queue for full because a ticket waits: its turn may be on the way', () => {
  const { book, open } = bookOf(3)
  open('a')
  expect(book.last).toEqual({ held: 0, free: 3, full: false })
  // As Redis counts it: the ticket is there, and nobody has moved it on yet.
  book.hear(3, 1)
  expect(book.last).toEqual({ held: 0, free: 3, full: false })
  expect(book.free).toBe(0)
})

it('takes it for full when a ticket waits and all permits that it knew of are gone', () => {
  const { book, open } = bookOf(1)
  book.hold(open('a'))
  expect(book.last).toEqual({ held: 1, free: 0, full: false })
  open('b')
  expect(book.last).toEqual({ held: 1, free: 0, full: true })
})

it('takes it for full when calls wait and no permit is free, until it hears otherwise', () => {
  const { book, open } = bookOf(3)
  const entry = open('a')
  book.hold(entry)
  book.hear(0, 2)
  expect(book.last).toEqual({ held: 1, free: 0, full: true })
  // What is given back is the next one's.
  book.strike(entry)
  expect(book.last.full).toBe(true)
  book.hear(0, 0)
  expect(book.last.full).toBe(false)
})

it('says once that a ticket is lost, and that a permit is', () => {
  const { book, open, told } = bookOf(3)
  const [held, waiting] = [open('held'), open('waiting')]
  book.hold(held)
  for (const entry of [held, waiting, held, waiting]) book.lose(entry)
  expect(told).toEqual(['held granted', 'permit lost', 'held lost', 'waiting lost'])
  expect([book.held, book.waiting, book.find('held')]).toEqual([[], [], undefined])
})
