import type { Generated } from '../../adapters/db/kysely.ts'

declare module '../../adapters/db/tables.ts' {
  interface Tables {
    accounts: AccountRow
    verifiers: VerifierRow
    loginFailures: LoginFailuresRow
    loginStreaks: LoginStreakRow
  }
}

export type AccountRow = {
  /** From 10001. */
  userId: Generated<number>
  /** 8 random bytes: the hash tag of everything the store keeps for this account. */
  tag: Buffer
  status: 'active' | 'disabled' | 'leaving' | 'deleted'
  statusReason: string
  /** Of a disabled account: from then on it is active again, without a write; null: for good. */
  disabledUntil: Generated<number | null>
  epoch: number
  /** 1: the password was set by an administrator, and must be changed at the next login. */
  mustChange: Generated<number>
  /** When it was registered, until it is known to be used; then null. */
  unusedSince: Generated<number | null>
  /** The group whose device slots the account has, or slots of its own; null: those of the configuration. */
  deviceSlots: Generated<string | null>
  /** When it leaves for good; of a deleted account when the rest of its data is erased next; null: nothing is due. */
  finalAt: Generated<number | null>
  createdAt: number
  updatedAt: number
}

/** One for each way to name an account at a login. */
export type VerifierRow = {
  /** As UTF-8: `name:<canonical user name>`, `number:<user number>`. */
  loginKey: Buffer
  userId: number
  /** What the salt of the client hash comes from: another login's key, or `salt:` and the salt; null: its own key. */
  saltFrom: Buffer | null
  verifier: string
  nextVerifier: string | null
  createdAt: number
  updatedAt: number
}

/** The times of the last five failures of a login from one network, newest first; 0 for none. */
export type LoginFailuresRow = {
  loginKey: Buffer
  network: string
  failed1: number
  failed2: number
  failed3: number
  failed4: number
  failed5: number
}

/** Failures of a login in a row, from anywhere. */
export type LoginStreakRow = { loginKey: Buffer; failures: number; lastFailedAt: number }
