const METRIC = /\b(?:consilium|process|nodejs|up|ALERTS)(?:_[a-z0-9_]+)?\b(?![a-zA-Z(])/g
const STRINGS = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g
/** What Prometheus itself makes. */
const OWN = new Set(['up', 'ALERTS'])

/** Every metric of the service that a PromQL expression names, sorted; label values are not looked at. */
export function metricNamesIn(text: string): string[] {
  const names = text.replace(STRINGS, '""').match(METRIC) ?? []
  return [...new Set(names)].filter((name) => !OWN.has(name)).sort()
}

const MATCHER = /([a-z_][a-z0-9_]*)\s*(?:=~|!~|!=|=)\s*"/g

/** Metric and the labels that its selectors in `text` match, for each selector. */
export function selectorsIn(text: string): { metric: string; labels: string[] }[] {
  return [...text.matchAll(/\b([a-zA-Z_][a-zA-Z0-9_]*)\{([^{}]*)\}/g)].map(([, metric, matchers]) => ({
    metric: metric as string,
    labels: [...(matchers as string).matchAll(MATCHER)].map(([, label]) => label as string),
  }))
}

interface Panel {
  panels?: Panel[]
  targets?: { expr: string }[]
}
interface Dashboard extends Panel {
  templating: { list: { definition?: string }[] }
  annotations: { list: { expr?: string }[] }
}

/** Every PromQL expression of a Grafana dashboard: panels, rows' panels, variables and annotations. */
export function expressionsOfDashboard(dashboard: Dashboard): string[] {
  const ofPanel = ({ panels = [], targets = [] }: Panel): string[] => [
    ...targets.map(({ expr }) => expr),
    ...panels.flatMap(ofPanel),
  ]
  const others = [
    ...dashboard.templating.list.map(({ definition }) => definition),
    ...dashboard.annotations.list.map(({ expr }) => expr),
  ]
  return [...ofPanel(dashboard), ...others.filter((expr) => expr !== undefined)]
}

export interface Rule {
  alert: string
  expr: string
  for?: string
  labels: { severity: string }
  annotations: { summary: string; description: string }
}
export interface RuleFile {
  groups: { name: string; rules: Rule[] }[]
}

/** Every rule of a Prometheus rule file, in order. */
export const rulesOf = (file: RuleFile): Rule[] => file.groups.flatMap(({ rules }) => rules)
