/**
 * SMS by Twilio: hands over the text as Torii wrote it.
 *
 *   SECRET=whsec_… ACCOUNT=AC… TOKEN=… FROM=+15005550006 node docs/examples/sms-twilio.mjs
 *
 * Torii: sms.webhook.url = http://127.0.0.1:8090/, sms.webhook.secret = the same SECRET
 */
import { listen } from './sms-receiver.mjs'

const { ACCOUNT = '', TOKEN = '', FROM = '', VENDOR = 'https://api.twilio.com' } = process.env

/** Numbers that cannot get an SMS, https://www.twilio.com/docs/api/errors */
const finalCodes = [21211, 21217, 21408, 21610, 21612, 21614]

listen(async ({ to, text }) => {
  const reply = await fetch(`${VENDOR}/2010-04-01/Accounts/${ACCOUNT}/Messages.json`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${ACCOUNT}:${TOKEN}`).toString('base64')}` },
    body: new URLSearchParams({ To: to, From: FROM, Body: text }),
    signal: AbortSignal.timeout(8_000),
  })
  if (reply.ok) return 200
  const { code, message } = await reply.json()
  console.error(`Twilio ${reply.status} ${code}: ${message}`)
  if (finalCodes.includes(code)) return 422
  return reply.status === 429 ? 429 : 502
})
