/** Whether mail and SMS can leave. */
import { systemClock } from '../../src/adapters/clock.ts'
import { readTemplateFiles } from '../../src/adapters/message-templates.ts'
import { createSenders } from '../../src/adapters/senders.ts'
import { type Config, isTrial } from '../../src/config/index.ts'
import { createTemplates } from '../../src/features/outbox/templates.ts'
import { explain } from '../console/explain.ts'
import { broken, type Finding, ok } from './finding.ts'

const openSenders = (config: Config) =>
  createSenders({ config, clock: systemClock, logger: { info: () => {} }, isTrial: false })

const checkMail = async (config: Config): Promise<Finding> => {
  const { host, port, tls } = config.mail.smtp
  const { email } = openSenders(config)
  if (!email) {
    const found = isTrial(config) ? 'shown at /dev/outbox' : 'not set up: nothing that needs mail works'
    return ok('mail', `${found} (mail.smtp.host)`)
  }
  try {
    await email.check()
    return ok('mail', `${host}:${port} answers (${tls})`)
  } catch (error) {
    return broken(
      'mail',
      `${host}:${port}: ${explain(error)}`,
      'mail waits in the outbox until this is corrected',
    )
  } finally {
    await email.close()
  }
}

const checkSms = (config: Config): Finding => {
  const { url } = config.sms.webhook
  if (url !== '') return ok('sms', `${new URL(url).origin}; "torii outbox test sms" tries it`)
  const found = isTrial(config) ? 'logged' : 'not set up: nothing that needs an SMS works'
  return ok('sms', `${found} (sms.webhook.url)`)
}

const checkTemplates = ({ mail, sms }: Config): Finding => {
  try {
    createTemplates('email', readTemplateFiles(mail.templates, 'mail.templates'))
    createTemplates('phone', readTemplateFiles(sms.templates, 'sms.templates'))
    return ok('templates', `${mail.templates}, ${sms.templates}`)
  } catch (error) {
    return broken('templates', explain(error), 'no server starts: correct the file')
  }
}

export const checkMessages = async (config: Config): Promise<Finding[]> => [
  await checkMail(config),
  checkSms(config),
  checkTemplates(config),
]
