import type { LayoutView, TaskView } from './input.ts'

const titleCase = (task_id: string): string =>
  task_id
    .split(/[._:-]+/)
    .filter((word) => word !== '')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(' ')

export const titleLine = (title: string): string => `=== ${title} ===`

export interface Heading {
  /** The line that stands above the section, or null. */
  line: string | null
  /** How another section refers to it. */
  label: string
}

/** The heading of a task's section. A task that the layout does not list gets a subsection named after it. */
export function headingOf(layout: LayoutView, task: TaskView): Heading {
  // hasOwn: a task may be called "constructor".
  const section = Object.hasOwn(layout.sections, task.task_id) ? layout.sections[task.task_id] : undefined
  if (!section) {
    const label = `${titleCase(task.task_id)} (${task.agent_type})`
    return { line: `--- ${label} ---`, label }
  }
  switch (section.style) {
    case 'none':
      return { line: null, label: layout.title }
    case 'title':
      return { line: titleLine(section.heading), label: section.heading }
    case 'subsection':
      return { line: `--- ${section.heading} ---`, label: section.heading }
  }
}
