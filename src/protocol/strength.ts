/** How strong an envelope is. An app, a device and a login each have a minimum strength, and refuse what is weaker. */
export const strengths = { clear: 0, totp: 1, sealed: 2 } as const

export type Strength = (typeof strengths)[keyof typeof strengths]
