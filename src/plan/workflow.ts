import { z } from 'zod'
import type { ApprovalPolicy } from '../contract/approval.ts'
import type { Retrieve } from '../contract/citation.ts'

/** A task as a workflow declares it. Left out: max_tokens 512, temperature 0.7, priority 0, no dependencies. */
export interface WorkflowTask {
  task_id: string
  agent_type: string
  /** Instructions only. Never holds `{{…}}`: patient data goes into the user message. */
  system: string
  /** The user message. May use `{{context.key}}`; outputs of dependencies are handed over by themselves. */
  prompt: string
  max_tokens?: number
  temperature?: number
  priority?: number
  dependencies?: readonly string[]
  /** Tasks that depend on it wait until a human has approved its text. @default false */
  requires_approval?: boolean
  /** An answer that the same tenant got to the same prompt of the same model may be given again. @default false */
  cache?: boolean
  /** Passages of documents that the tenant has added, to be cited. @default none */
  retrieve?: Retrieve
}

/** Where a task's text stands in the document: under a `=== … ===` or `--- … ---` heading, or with none. */
export interface LayoutSection {
  heading: string
  style: 'title' | 'subsection' | 'none'
}

export interface Layout {
  /** Written as `=== TITLE ===` on the document's first line. */
  title: string
  /** By task_id. A task that is not listed gets a subsection named after its id. */
  sections: Readonly<Record<string, LayoutSection>>
}

export interface WorkflowDefinition {
  type: string
  description: string
  /** Required and optional context keys. Keys beyond it are allowed and handed to every task as further context. */
  context: z.ZodObject
  tasks: readonly WorkflowTask[]
  layout: Layout
  /** Every document of this workflow waits for a human. @default no */
  approval?: ApprovalPolicy
}

/** Absent, null, blank text, or a container with nothing in it. */
export const isBlank = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  (typeof value === 'string' && value.trim() === '') ||
  (typeof value === 'object' && Object.keys(value).length === 0)

/** A context value that must be there: text or any JSON, but not null, blank or empty. */
export const required = (description: string) =>
  z
    .json()
    .refine((value) => !isBlank(value), 'must not be empty')
    .describe(description)

/** A context value that may be left out. */
export const optional = (description: string) => z.json().optional().describe(description)

/** Declares a workflow as data. Returns it unchanged: its graph is checked when the service compiles its catalogue. */
export const defineWorkflow = <const W extends WorkflowDefinition>(workflow: W): W => workflow
