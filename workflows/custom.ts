import type { Layout } from '../src/plan/workflow.ts'

/** The layout of `workflow_type: "custom"`: every task under a subsection named after its id. */
export const customLayout: Layout = { title: 'CUSTOM WORKFLOW', sections: {} }
