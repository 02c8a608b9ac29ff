declare module '../../adapters/db/tables.ts' {
  interface Tables {
    users: UserRow
  }
}

export type UserRow = {
  userId: number
  userName: string
  nickName: string
  /** SHA-256 of the skeleton: no two names look alike. */
  skeleton: Buffer
  updatedAt: number
}
