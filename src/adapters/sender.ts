/** What mail and SMS have in common: something that takes one message to the other side. */
import type { Language } from '../protocol/errors.ts'

export type Outgoing = {
  /** 32 hex characters, the same at each attempt: the other side can tell a message that it has had. */
  id: string
  to: string
  kind: string
  language: Language
  appId: string
  variables: Readonly<Record<string, string>>
  createdAt: number
  /** Empty for an SMS. */
  subject: string
  text: string
  /** Empty for an SMS. */
  html: string
}

export type Sender = {
  /** Messages that it takes to the other side at the same time. */
  atOnce: number
  /** Nothing leaves: its messages stay readable. */
  isTrial?: true
  /** Resolves once the other side has taken the message. Throws SendError. */
  send(message: Outgoing): Promise<void>
  /** Whether the other side answers, as far as that can be asked without a message. Throws SendError. */
  check(): Promise<void>
  /** Loads what the first message would need. */
  load(): Promise<unknown>
  close(): Promise<void>
}

type Fault = {
  /** The other side will never take this message. */
  isFinal?: boolean
  /** Not this message but the way to the other side is at fault: the next message would fail alike. */
  isOfChannel?: boolean
  cause?: unknown
}

/** Why a message was not taken. The text is shown to administrators and names the setting to look at. */
export class SendError extends Error {
  override readonly name = 'SendError'
  readonly isFinal: boolean
  readonly isOfChannel: boolean

  constructor(message: string, { isFinal = false, isOfChannel = false, cause }: Fault = {}) {
    super(message, cause === undefined ? {} : { cause })
    this.isFinal = isFinal
    this.isOfChannel = isOfChannel
  }
}

const nothing = async () => {}

/** A trial: what would have been sent is a line of the log, and stays readable in the outbox. */
export const createLogSender = (
  what: string,
  logger: { info(fields: object, text: string): void },
): Sender => ({
  atOnce: 1,
  isTrial: true,
  send: async ({ to, subject, text }) => logger.info({ to, subject: subject || undefined, text }, what),
  check: nothing,
  load: nothing,
  close: nothing,
})
