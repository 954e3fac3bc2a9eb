import type { RosterFile } from '../../src/contract/roster.ts'

/** The simulated roster with an embedding model at its first server; every model tells the server which it is. */
export const withEmbeddings = (roster: RosterFile): RosterFile => ({
  ...roster,
  models: [
    ...roster.models.map((model) => ({ ...model, served_model: model.id })),
    {
      ...(roster.models[0] as RosterFile['models'][number]),
      id: 'embedder',
      served_model: 'embedder',
      kind: 'embedding',
    },
  ],
})
