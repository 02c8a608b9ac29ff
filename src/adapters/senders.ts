/** The sender of each channel; undefined where none is set up. */
import type { Config } from '../config/index.ts'
import type { Clock } from './clock.ts'
import type { Logger } from './logger.ts'
import { createMailer } from './mailer.ts'
import { createLogSender, type Sender } from './sender.ts'
import { createSmsWebhook } from './sms-webhook.ts'

export type Senders = { email: Sender | undefined; phone: Sender | undefined }

type Needs = {
  config: Pick<Config, 'mail' | 'sms'>
  clock: Clock
  logger: Pick<Logger, 'info'>
  isTrial: boolean
}

export const createSenders = ({ config: { mail, sms }, clock, logger, isTrial }: Needs): Senders => {
  const inTrial = (what: string) => (isTrial ? createLogSender(what, logger) : undefined)
  return {
    email: mail.smtp.host === '' ? inTrial('mail, not sent in a trial') : createMailer(mail),
    phone: sms.webhook.url === '' ? inTrial('SMS, not sent in a trial') : createSmsWebhook(sms, clock),
  }
}
