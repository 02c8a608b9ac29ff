import type { Generated } from '../../adapters/db/kysely.ts'

declare module '../../adapters/db/tables.ts' {
  interface Tables {
    accounts: AccountRow
    users: UserRow
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
  status: 'active' | 'disabled' | 'deleted'
  statusReason: string
  epoch: number
  createdAt: number
  updatedAt: number
}

export type UserRow = {
  userId: number
  userName: string
  nickName: string
  /** SHA-256 of the skeleton: no two names look alike. */
  skeleton: Buffer
  updatedAt: number
}

/** `loginKey` is `name:<canonical user name>` as UTF-8. */
export type VerifierRow = {
  loginKey: Buffer
  userId: number
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
