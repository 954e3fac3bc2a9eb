import { isCloud, type ListedCard, NO_PHI_EGRESS } from '../contract/model-card.ts'
import { isAllowedUrl } from './hosts.ts'
import type { Model } from './port.ts'

export interface EgressQuestion {
  url: URL
  card: ListedCard
  api_key: string | null
  /** ALLOWED_MODEL_HOSTS; null: not set. */
  allowed: readonly string[] | null
  /** ALLOW_PHI_EGRESS. */
  phi_egress: boolean
}

/**
 * What may not go out to a model, each with the reason or null. A cloud model is off without a key, without its host in
 * ALLOWED_MODEL_HOSTS, and without a price, because no budget could hold it then.
 */
export function closedTo(question: EgressQuestion): { off: string | null; no_phi: string | null } {
  const { card, phi_egress } = question
  if (!isCloud(card)) return { off: null, no_phi: null }
  return { off: whyOff(question), no_phi: phi_egress ? null : NO_PHI_EGRESS }
}

function whyOff({ url, card, api_key, allowed }: EgressQuestion): string | null {
  const missing = [
    ...(api_key === null ? ['a key in MODEL_API_KEYS'] : []),
    ...(allowed === null || !isAllowedUrl(url, allowed) ? [`its host ${url.host} in ALLOWED_MODEL_HOSTS`] : []),
    ...(card.price === undefined ? ['a price in the roster'] : []),
  ]
  return missing.length === 0 ? null : `This cloud model is off: it needs ${missing.join(' and ')}.`
}

/** Why nothing may be sent to a model now, or null. `phi`: whether the text is, or may hold, patient data. */
export const whyClosed = ({ off = null, no_phi = null }: Model, phi: boolean): string | null =>
  off ?? (phi ? no_phi : null)
