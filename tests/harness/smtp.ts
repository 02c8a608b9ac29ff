/** A real SMTP server on loopback, with TLS, that keeps what it takes. */
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { type ParsedMail, simpleParser } from 'mailparser'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import type { Environment } from './test-server.ts'

export type Received = {
  from: string
  to: string[]
  isEncrypted: boolean
  clientPort: number
  mail: ParsedMail
  raw: string
}

const fixture = (file: string) => fileURLToPath(import.meta.resolve(`#root/tests/fixtures/store-tls/${file}`))

export const smtpLogin = { user: 'torii', pass: 'a password for the test' }

/** What the server answers instead of taking the mail; undefined: it takes it. */
type Refusals = {
  rcpt?: (to: string) => number | undefined
  data?: (times: number) => number | 'close' | undefined
  /** Runs before a recipient is answered. */
  hold?: () => Promise<void>
}

const refusal = (responseCode: number) => Object.assign(new Error('refused for a test'), { responseCode })

export const openSmtp = async (refusals: Refusals = {}, options: SMTPServerOptions = {}, port = 0) => {
  const received: Received[] = []
  const counts = { connections: 0, data: 0 }
  const server = new SMTPServer({
    key: readFileSync(fixture('server.key')),
    cert: readFileSync(fixture('server.pem')),
    size: 1_000_000,
    onConnect: (_session, done) => {
      counts.connections++
      done()
    },
    onAuth: ({ username, password }, _session, done) => {
      const isGood = username === smtpLogin.user && password === smtpLogin.pass
      done(isGood ? null : refusal(535), { user: username ?? '' })
    },
    onRcptTo: async ({ address }, _session, done) => {
      await refusals.hold?.()
      const code = refusals.rcpt?.(address)
      done(code === undefined ? null : refusal(code))
    },
    onData: (stream, session, done) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', async () => {
        const answer = refusals.data?.(++counts.data)
        if (answer === 'close') return closeAll()
        if (answer !== undefined) return done(refusal(answer))
        const raw = Buffer.concat(chunks).toString('utf8')
        const { mailFrom, rcptTo } = session.envelope
        received.push({
          from: mailFrom ? mailFrom.address : '',
          to: rcptTo.map(({ address }) => address),
          isEncrypted: session.secure,
          clientPort: session.remotePort,
          mail: await simpleParser(raw),
          raw,
        })
        done()
      })
    },
    ...options,
  })
  server.on('error', () => {})
  const closeAll = () => {
    for (const connection of server.connections) connection.close()
  }
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const { port: taken } = server.server.address() as AddressInfo
  return {
    port: taken,
    received,
    counts,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(resolve)
        closeAll()
      }),
  }
}

export type Smtp = Awaited<ReturnType<typeof openSmtp>>

/** Settings of a server that sends there. */
export const smtpEnvironment = (port: number, more: Environment = {}): Environment => ({
  TORII__MAIL__FROM: 'no-reply@login.example',
  TORII__MAIL__FROM_NAME: 'Torii 登录',
  TORII__MAIL__SMTP__HOST: 'localhost',
  TORII__MAIL__SMTP__PORT: String(port),
  TORII__MAIL__SMTP__TLS_CA_FILE: fixture('ca.pem'),
  TORII__MAIL__SMTP__USER: smtpLogin.user,
  TORII__MAIL__SMTP__PASSWORD: smtpLogin.pass,
  ...more,
})
