import type { Executor } from '../../adapters/db/index.ts'

/** What a user has agreed to for a third-party app. */
export type Consent = {
  scopes: readonly string[]
  /** The user's name for this app alone. */
  openId: string
  /** Its OpenKeys carry it, so that they end when the consent is revoked. */
  epoch: number
}

export type Consents = {
  /** Undefined without a consent, and after it was revoked. */
  find(db: Executor, userId: number, appId: string): Promise<Consent | undefined>
  /** Revokes the consents of an account that is removed. */
  removeOf(trx: Executor, userId: number): Promise<void>
  /** Forgets the consents for an app that is removed, some at a time: how many there were. */
  removeOfApp(db: Executor, appId: string, most: number): Promise<number>
}
