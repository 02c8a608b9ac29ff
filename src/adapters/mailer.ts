/** Mail over SMTP, by nodemailer. */
import { readFileSync } from 'node:fs'
import type { Config } from '../config/index.ts'
import { type Outgoing, SendError, type Sender } from './sender.ts'
import { StartError } from './start-error.ts'

export type MailConfig = Config['mail']

type MailFault = Error & { code?: string; command?: string; response?: string; responseCode?: number }

/** A local part and a domain without anything that SMTP or a header would read as more than one address. */
const address = /^[^\s@<>()[\]\\,;:"\p{Cc}]{1,64}@[^\s@<>()[\]\\,;:"\p{Cc}]{1,255}$/u

const readPem = (file: string, setting: string): string | undefined => {
  if (file === '') return undefined
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new StartError(`${setting}: ${file} cannot be read (${(error as Error).message})`)
  }
}

/** The setting that an administrator has to look at. */
const settingOf = ({ code = '', command = '', message }: MailFault): string => {
  if (code === 'EAUTH' || command.startsWith('AUTH')) return 'mail.smtp.user, mail.smtp.password'
  if (code === 'ETLS' || command === 'STARTTLS' || /certificate|self.signed|SSL/i.test(message))
    return 'mail.smtp.tls, mail.smtp.tlsCaFile'
  if (command === 'MAIL FROM') return 'mail.from'
  return 'mail.smtp.host, mail.smtp.port'
}

/** What the server says may repeat the address; a row, a log and a page show it. */
const describe = ({ message, response }: MailFault, to: string): string =>
  (response ?? message)
    .replaceAll(to || '<address>', '<address>')
    .replace(/\s+/g, ' ')
    .slice(0, 180)

const toSendError = (fault: MailFault, to: string, timeoutMs: number): SendError => {
  const { code = '', command = '', responseCode = 0 } = fault
  const isOfMessage =
    (code === 'EENVELOPE' || code === 'EMESSAGE') && command !== 'MAIL FROM' && responseCode !== 421
  const said =
    code === 'EABORT' ? `not done within ${timeoutMs} ms (mail.smtp.timeoutMs)` : describe(fault, to)
  return new SendError(isOfMessage ? said : `${settingOf(fault)}: ${said}`, {
    isFinal: isOfMessage && responseCode >= 500,
    isOfChannel: !isOfMessage,
    cause: fault,
  })
}

/** Longer than the connection and the greeting of a server that works take. */
const longestConnectMs = 10_000

const createOptions = ({ smtp, dkim }: MailConfig) => {
  const { host, port, tls, user, password, timeoutMs } = smtp
  const connectMs = Math.min(longestConnectMs, timeoutMs)
  const ca = readPem(smtp.tlsCaFile, 'mail.smtp.tlsCaFile (TORII__MAIL__SMTP__TLS_CA_FILE)')
  const privateKey = readPem(dkim.keyFile, 'mail.dkim.keyFile (TORII__MAIL__DKIM__KEY_FILE)')
  return {
    pool: true as const,
    host,
    port,
    secure: tls === 'tls',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    tls: { minVersion: 'TLSv1.2' as const, ...(ca !== undefined && { ca }) },
    ...(user !== '' && { auth: { user, pass: password }, forceAuth: true }),
    ...(smtp.clientName !== '' && { name: smtp.clientName }),
    maxConnections: smtp.connections,
    // A message whose connection was closed before anything of it was sent; all else is tried again by the outbox.
    maxRequeues: 1,
    idleTimeout: 30_000,
    connectionTimeout: connectMs,
    greetingTimeout: connectMs,
    dnsTimeout: connectMs,
    socketTimeout: timeoutMs,
    ...(privateKey !== undefined && {
      dkim: { domainName: dkim.domain, keySelector: dkim.selector, privateKey },
    }),
    disableFileAccess: true,
    disableUrlAccess: true,
  }
}

/** Reads the files that it needs at once; nodemailer is loaded for the first message. Throws StartError. */
export const createMailer = (config: MailConfig): Sender => {
  const { from, fromName, replyTo, smtp } = config
  const options = createOptions(config)
  const domain = from.slice(from.lastIndexOf('@') + 1)

  const open = async () => {
    const { createTransport } = await import('nodemailer')
    return createTransport(options)
  }
  let opening: ReturnType<typeof open> | undefined
  const transport = () => {
    opening ??= open().catch((error) => {
      opening = undefined
      throw error
    })
    return opening
  }

  /** Addresses are objects, and the envelope is given: nothing is parsed out of a text. */
  const compose = ({ id, to, subject, text, html, createdAt }: Outgoing) => ({
    from: { name: fromName, address: from },
    to: { name: '', address: to },
    envelope: { from, to: [to] },
    ...(replyTo !== '' && { replyTo: { name: '', address: replyTo } }),
    subject,
    text,
    html,
    messageId: `<${id}@${domain}>`,
    date: new Date(createdAt),
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
    signal: AbortSignal.timeout(smtp.timeoutMs),
  })

  return {
    atOnce: smtp.connections,
    send: async (message) => {
      const { to } = message
      if (!address.test(to)) throw new SendError('not the address of a mailbox', { isFinal: true })
      const mail = await transport()
      await mail.sendMail(compose(message)).catch((error: MailFault) => {
        throw toSendError(error, to, smtp.timeoutMs)
      })
    },
    check: async () => {
      const mail = await transport()
      await mail.verify().catch((error: MailFault) => {
        throw toSendError(error, '', smtp.timeoutMs)
      })
    },
    load: transport,
    close: async () => {
      if (opening) (await opening).close({ force: true })
    },
  }
}
