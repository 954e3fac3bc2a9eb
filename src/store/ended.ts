/** As Promise.all, but throws only when all of them have ended: a statement must not come after the rollback of its transaction. */
export async function ended<T extends readonly unknown[]>(
  all: readonly [...{ [K in keyof T]: Promise<T[K]> }],
): Promise<T> {
  try {
    return (await Promise.all(all)) as unknown as T
  } catch (error) {
    await Promise.allSettled(all)
    throw error
  }
}
