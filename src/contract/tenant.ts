/** What a tenant may be called, in tokens and wherever one is named. */
const TENANT = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

export const isTenant = (name: string): boolean => TENANT.test(name)
