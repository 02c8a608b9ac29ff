import type { TakenLogin } from '../tickets/api.ts'

/** What a web code is worth: a login that is there, or one that begins when the code is redeemed. */
export type WebGrant = {
  /** Only a page of this app can redeem it. */
  appId: string
  /** base64url of the SHA-256 of the page's verifier. */
  challenge: string
} & (
  | { takes: TakenLogin; minStrength: number }
  | {
      /** Whoever this user is has been proven; a login of the account in this epoch begins. */
      begins: { userId: number; epoch: number }
      /** Told to the page with its tickets. */
      provider?: string
      isNew?: boolean
    }
)

export type WebCodes = {
  /** A code that works once within `webCodeSeconds`, for one app, and with the verifier of its challenge. */
  create(grant: WebGrant): Promise<string>
}
