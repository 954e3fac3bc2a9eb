/** The hospital of the load benches: what its model servers can do, in plain numbers. */
export interface SiteSpec {
  /** Model servers, one lane each. */
  lanes: number
  /** Calls that a server works on at once; it takes no more. */
  slots: number
  /** A call takes from `least` to `most` ms, evenly spread. */
  call_ms: { least: number; most: number }
}

export const meanCallMs = ({ call_ms: { least, most } }: SiteSpec): number => (least + most) / 2

/** Calls per second that all slots can do together. */
export const callsPerSecond = (site: SiteSpec): number => (site.lanes * site.slots * 1000) / meanCallMs(site)

/** Given to the lanes in turn. */
export const AGENTS = ['Clinical', 'Billing', 'MedicalQA', 'Claims', 'Triage', 'Chat'] as const
