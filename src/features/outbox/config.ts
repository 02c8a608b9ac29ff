import { oneOf, secret, section, table, text, whole } from '../../config/fields.ts'

export const tables = { outbox: table('outbox') }

export const server = {
  publicUrl: text(
    '',
    'Where browsers reach this server, as https://login.example: links in messages begin with it. Empty: messages have no links',
    { pattern: '^(https?://[^\\s/?#@]+(/[^\\s?#]*)?)?$' },
  ),
}

export const outbox = {
  giveUpAfterSeconds: whole(
    86_400,
    60,
    2_592_000,
    'A message that could not be sent in this time is given up; "torii outbox retry" tries it again',
  ),
  keptSeconds: whole(
    86_400,
    3_600,
    31_536_000,
    'The row of a message that was sent or given up is removed after this time',
  ),
  maxWaiting: whole(
    100_000,
    100,
    10_000_000,
    'Most messages that wait, over all processes; more are refused with 2030200 or 2030201',
  ),
}

export const mail = {
  from: text('', 'Address that mail comes from, as no-reply@login.example; needed with mail.smtp.host'),
  fromName: text('', 'Name beside that address'),
  replyTo: text('', 'Address that answers go to; empty: that of mail.from'),
  smtp: section({
    host: text(
      '',
      'Host name of the SMTP server; empty: a trial shows mail at /dev/outbox, and any other server refuses to send',
    ),
    port: whole(587, 1, 65_535, 'Port of the SMTP server'),
    tls: oneOf(
      ['starttls', 'tls', 'none'],
      'starttls: a connection that cannot be encrypted is refused; tls: encrypted from the start (port 465); none: in clear',
    ),
    tlsCaFile: text('', 'PEM certificate authority of the SMTP server; without it, the well-known ones'),
    user: text('', 'User of the SMTP server; empty: it asks for none'),
    password: secret('Password of that user'),
    clientName: text('', 'Name of this server in EHLO; empty: the name of the machine'),
    connections: whole(
      5,
      1,
      100,
      'Connections of one process to the SMTP server, each with one mail at a time',
    ),
    timeoutMs: whole(30_000, 1_000, 600_000, 'Longest time for one mail'),
  }),
  dkim: section({
    domain: text('', 'Domain that mail is signed for; empty: mail is not signed here'),
    selector: text('', 'Selector of the public key in that domain'),
    keyFile: text('', 'PEM private key'),
  }),
  templates: text('config/mail', 'Folder of the mail templates: <language>/<kind>.txt and layout.html'),
}

export const sms = {
  webhook: section({
    url: text(
      '',
      'https:// address that is called for each SMS; empty: a trial logs it, and any other server refuses to send',
    ),
    secret: secret('Key of the signature: whsec_ and base64 of 24 to 64 bytes'),
    connections: whole(5, 1, 100, 'Calls of one process that run at once'),
    timeoutMs: whole(10_000, 100, 120_000, 'Longest wait for an answer'),
  }),
  templates: text('config/sms', 'Folder of the SMS templates: <language>/<kind>.txt'),
}
