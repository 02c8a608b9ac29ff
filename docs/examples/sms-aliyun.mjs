/**
 * SMS by Alibaba Cloud (阿里云短信服务). The vendor approves templates beforehand and fills them itself, so it gets the
 * name of a template and its variables instead of the text.
 *
 *   SECRET=whsec_… KEY_ID=LTAI… KEY_SECRET=… SIGN_NAME=示例 TEMPLATE_CODE=SMS_123456789 node docs/examples/sms-aliyun.mjs
 *
 * The template, in the vendor's console: 您的验证码是 ${code}，${minutes} 分钟内有效。
 * Torii: sms.webhook.url = http://127.0.0.1:8090/, sms.webhook.secret = the same SECRET
 */
import { createHash, createHmac, randomUUID } from 'node:crypto'
import { listen } from './sms-receiver.mjs'

const { KEY_ID = '', KEY_SECRET = '', SIGN_NAME = '', VENDOR = 'https://dysmsapi.aliyuncs.com' } = process.env
/** The template of each kind of message. */
const templates = {
  code: { name: process.env.TEMPLATE_CODE, variables: ['code', 'minutes'] },
}

const sha256 = (text) => createHash('sha256').update(text).digest('hex')
const encode = (text) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)

/** ACS3-HMAC-SHA256, https://help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature */
const sign = (query, host) => {
  const headers = {
    host,
    'x-acs-action': 'SendSms',
    'x-acs-content-sha256': sha256(''),
    'x-acs-date': new Date().toISOString().replace(/\.\d{3}Z$/, 'Z'),
    'x-acs-signature-nonce': randomUUID(),
    'x-acs-version': '2017-05-25',
  }
  const names = Object.keys(headers).join(';')
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`)
  const canonical = ['POST', '/', query, lines.join(''), names, sha256('')].join('\n')
  const signature = createHmac('sha256', KEY_SECRET)
    .update(`ACS3-HMAC-SHA256\n${sha256(canonical)}`)
    .digest('hex')
  const { host: _host, ...sent } = headers
  return {
    ...sent,
    authorization: `ACS3-HMAC-SHA256 Credential=${KEY_ID},SignedHeaders=${names},Signature=${signature}`,
  }
}

/** What no further try can help, and what only has to wait. */
const statuses = {
  OK: 200,
  'isv.MOBILE_NUMBER_ILLEGAL': 422,
  'isv.BLACK_KEY_CONTROL_LIMIT': 422,
  'isv.BUSINESS_LIMIT_CONTROL': 429,
}

listen(async ({ to, kind, variables }, id) => {
  const template = templates[kind]
  if (!template?.name) return 422
  const parameters = {
    OutId: id,
    PhoneNumbers: to,
    SignName: SIGN_NAME,
    TemplateCode: template.name,
    TemplateParam: JSON.stringify(
      Object.fromEntries(template.variables.map((name) => [name, variables[name]])),
    ),
  }
  const query = Object.entries(parameters)
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .join('&')
  const reply = await fetch(`${VENDOR}/?${query}`, {
    method: 'POST',
    headers: sign(query, new URL(VENDOR).host),
    signal: AbortSignal.timeout(8_000),
  })
  const { Code, Message } = await reply.json()
  if (Code !== 'OK') console.error(`Alibaba Cloud ${reply.status} ${Code}: ${Message}`)
  return statuses[Code] ?? 502
})
