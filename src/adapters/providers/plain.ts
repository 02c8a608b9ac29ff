/** Speaks plain OAuth 2: the code becomes an access token, and some calls with it tell who the user is. */
import type { ProviderRow } from '../../config/index.ts'
import { Failure } from '../../protocol/errors.ts'
import type { OutgoingCall, OutgoingFetch, OutgoingReply } from '../fetch.ts'
import { type Answers, findFault, parseAnswer, readFlag, readText } from './answers.ts'
import type { FinishAsked, ProviderDriver, ProviderProfile } from './driver.ts'
import { fillHeader, fillMembers, fillUrl, type Lookup } from './templates.ts'

export type PlainNeeds = {
  name: string
  row: ProviderRow
  fetch: OutgoingFetch
  makeClientSecret(): string
}

const longestCode = 2_048
const longestSubjectBytes = 255
const longestText = 512
/** A code that no provider has given. */
const noCode = 'torii-test'
/** What providers say of a wrong id or secret, and not of a wrong code. */
const clientFaults =
  /invalid_client|unauthorized_client|incorrect_client_credentials|client_?id|client_? ?secret|app_?(id|key|secret)|\b(4000[1-2]|40013|40125|10000[1-9]|10003|20002)\b/i
/** What they say of a code that was used, is over or was never given. */
const codeFaults =
  /invalid_grant|authCode|bad_verification_code|\b(40029|40163|100019|100020|21325|20003|20004)\b/i

/** Marked as OpenID Connect's are (RFC 6749 section 5.2), when it is our id or secret that is refused. */
const refusedClient = (fault: string) =>
  clientFaults.test(fault) ? Object.assign(new Error(fault), { error: 'invalid_client' }) : undefined

const lookIn =
  (values: Record<string, string>): Lookup =>
  (name) =>
    values[name] ?? ''

const placeOf = (url: string) => url.replace(/[?#].*$/s, '')

const post = (type: string, body: string): OutgoingCall => ({
  method: 'POST',
  headers: { 'content-type': type },
  body,
})

type Members = [name: string, value: string][]
const toQuery = (members: Members) => new URLSearchParams(members).toString()

/** How the members go to the token URL. */
const ways: Record<
  ProviderRow['quirks']['tokenSend'],
  (url: string, members: Members) => [url: string, call: OutgoingCall]
> = {
  form: (url, members) => [url, post('application/x-www-form-urlencoded', toQuery(members))],
  json: (url, members) => [
    url,
    post('application/json; charset=utf-8', JSON.stringify(Object.fromEntries(members))),
  ],
  query: (url, members) => [`${url}?${toQuery(members)}`, { method: 'GET' }],
}

export const createPlainDriver = ({ name, row, fetch, makeClientSecret }: PlainNeeds): ProviderDriver => {
  const { quirks, fields, clientId } = row
  const causeOf = (message: string, cause?: unknown) => new Error(`provider ${name}: ${message}`, { cause })
  const fail = (message: string, cause?: unknown) =>
    new Failure('PROVIDER_FAILED', { cause: causeOf(message, cause) })
  const refuse = (message: string) => new Failure('PROVIDER_REFUSED', { cause: causeOf(message) })

  const ask = async (url: string, call: OutgoingCall): Promise<OutgoingReply> => {
    const headers = { accept: 'application/json', ...call.headers }
    try {
      return await fetch(url, { ...call, headers })
    } catch (error) {
      if (error instanceof Failure) throw error
      throw fail((error as Error).message, error)
    }
  }

  /** An answer that tells no failure; anything else throws. */
  const judge = (url: string, { status, text }: OutgoingReply): unknown => {
    const answer = parseAnswer(text)
    const fault = findFault(answer, quirks)
    const place = placeOf(url)
    if (fault !== undefined && codeFaults.test(fault)) throw refuse(`${place} answers ${fault}`)
    if (fault !== undefined) throw fail(`${place} answers ${fault}`, refusedClient(fault))
    if (status !== 200 && status !== 201) throw fail(`${place} answers ${status}`)
    if (typeof answer !== 'object' || answer === null) throw fail(`${place} answers no JSON and no form`)
    return answer
  }

  const readSecret = (): string => {
    try {
      return makeClientSecret()
    } catch (error) {
      throw fail(`providers.${name}.clientSecret: ${(error as Error).message}`)
    }
  }

  const trade = (code: string, more: { redirectUri: string; verifier: string }) => {
    const look = lookIn({ clientId, clientSecret: readSecret(), code, ...more })
    return ask(...ways[quirks.tokenSend](row.tokenUrl, fillMembers(quirks.tokenQuery, look)))
  }

  /** The answers of all calls, by name. A call that is optional may fail. */
  const gather = async (token: unknown): Promise<Answers> => {
    const answers: Answers = { token }
    const accessToken = readText(answers, quirks.accessToken)
    if (accessToken === undefined) throw fail(`the answer has no ${quirks.accessToken}`)
    const values = lookIn({ clientId, accessToken })
    const look: Lookup = (value) => values(value) || (readText(answers, value) ?? '')
    for (const call of row.calls) {
      const url = fillUrl(call.url, look)
      try {
        answers[call.name] = judge(url, await ask(url, { headers: fillHeader(call.header, look) }))
      } catch (error) {
        if (!call.optional) throw error
      }
    }
    return answers
  }

  const describe = (answers: Answers): ProviderProfile => {
    const subject = readText(answers, fields.subject)
    if (subject === undefined || Buffer.byteLength(subject) > longestSubjectBytes)
      throw fail(`providers.${name}.fields.subject: the answers have no usable ${fields.subject}`)
    const short = (path: string) => readText(answers, path)?.slice(0, longestText)
    const [address, text, picture] = [short(fields.email), short(fields.name), short(fields.picture)]
    const isVerified = readFlag(answers, fields.emailVerified)
    return {
      subject,
      issuer: row.issuer || new URL(row.tokenUrl).origin,
      ...(address !== undefined && { email: { address, isVerified } }),
      ...(text !== undefined && { name: text }),
      ...(picture !== undefined && { picture }),
    }
  }

  const readCode = (callback: URLSearchParams): string => {
    const error = callback.get('error')
    if (error === 'access_denied') throw refuse('the user has refused')
    if (error !== null) throw refuse(`the browser brings the error ${JSON.stringify(error.slice(0, 60))}`)
    const issuer = callback.get('iss')
    // RFC 9207: an answer of another provider.
    if (issuer !== null && row.issuer !== '' && issuer !== row.issuer)
      throw refuse(`providers.${name}.issuer: the browser brings ${JSON.stringify(issuer.slice(0, 100))}`)
    const code = callback.get(quirks.codeMember) ?? callback.get('code') ?? ''
    // Without a code the user has refused, at WeChat.
    if (code === '' || code.length > longestCode) throw refuse('the browser brings no usable code')
    return code
  }

  const finish = async ({ callback, redirectUri, verifier, isNative = false }: FinishAsked) => {
    const bound = isNative ? { redirectUri: '', verifier: '' } : { redirectUri, verifier }
    const token = judge(row.tokenUrl, await trade(readCode(callback), bound))
    return describe(await gather(token))
  }

  const test: ProviderDriver['test'] = async () => {
    const place = placeOf(row.tokenUrl)
    try {
      const { status, text } = await trade(noCode, {
        redirectUri: 'https://torii.invalid/',
        verifier: noCode,
      })
      const answer = parseAnswer(text)
      const fault = findFault(answer, quirks) ?? ''
      if (status >= 500 || answer === undefined) return { ok: false, reason: `${place} answers ${status}` }
      if (!clientFaults.test(fault)) return { ok: true }
      return { ok: false, reason: `providers.${name}.clientId or clientSecret: ${place} answers ${fault}` }
    } catch (error) {
      const { cause } = error as Error
      if (error instanceof Failure && cause instanceof Error) return { ok: false, reason: cause.message }
      throw error
    }
  }

  return {
    authorizeUrl: async ({ redirectUri, state, nonce, challenge }) => {
      const scopes = row.scopes.join(quirks.scopeSeparator)
      const look = lookIn({ clientId, redirectUri, scopes, state, nonce, challenge })
      const query = toQuery(fillMembers(quirks.authorizeQuery, look))
      const fragment = quirks.authorizeFragment === '' ? '' : `#${quirks.authorizeFragment}`
      return `${row.authorizeUrl}${row.authorizeUrl.includes('?') ? '&' : '?'}${query}${fragment}`
    },
    finish,
    test,
  }
}
