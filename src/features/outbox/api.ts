import type { Executor } from '../../adapters/db/index.ts'
import type { Language } from '../../protocol/errors.ts'

export type Channel = 'email' | 'phone'

/** Each has a template in each language. */
export type MessageKind =
  | 'code'
  | 'address-in-use'
  | 'address-changed'
  | 'password-changed'
  | 'new-device'
  | 'identity-changed'
  | 'logged-out'
  | 'account-leaving'
  | 'account-recovered'
  | 'standing-changed'
  | 'test'

export type Message = {
  channel: Channel
  /** Canonical, and judged before: never with CR, LF, a comma or a display name. */
  to: string
  kind: MessageKind
  language: Language
  appId: string
  /**
   * What the template of the kind names; a missing one throws. `link` is a path that begins with `/`: the server's own
   * public URL is put before it. `purpose` is a word of `purposes`, told in the language of the message.
   */
  variables: Readonly<Record<string, string>>
  /** Not sent any more after this time (a code that has expired). */
  expiresAt?: number | undefined
}

export type Outbox = {
  /** Throws MAIL_FAILED or SMS_FAILED where a message of this channel could not be taken: not set up, or too many wait. */
  check(channel: Channel): void
  /** The same as an answer: a notice must not refuse what it tells of. */
  canSend(channel: Channel): boolean
  /** Part of the transaction of what the message tells of. It is sent soon after, by any process. Throws as `check` does. */
  add(trx: Executor, message: Message): Promise<void>
}
