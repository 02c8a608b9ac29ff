/** The rows of the login providers: those that are shipped, and what a schema cannot say about a row. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError, nameSetting, showValue, suggest } from './error.ts'
import type { Members } from './files.ts'
import { type Config, isTrial, type ProviderRow } from './index.ts'

export const readShippedProviders = (folder: string): Members =>
  JSON.parse(readFileSync(join(folder, 'config/providers.json'), 'utf8'))

/** Values that a template may name; further ones are members of answers, as `token.openid`. */
const values = {
  authorizeQuery: ['clientId', 'redirectUri', 'scopes', 'state', 'nonce', 'challenge'],
  tokenQuery: ['clientId', 'clientSecret', 'code', 'redirectUri', 'verifier'],
  call: ['clientId', 'accessToken'],
}

const namesIn = (template: string) => [...template.matchAll(/\{([^{}]*)\}/g)].map(([, name = '']) => name)

type Fault = { at: string[]; expected: string; found?: unknown }
type Check = (row: ProviderRow, isOwn: (url: string) => boolean) => (Fault | false | undefined)[]

const isUrl = (text: string, isOwn: (url: string) => boolean): boolean => {
  if (!URL.canParse(text)) return false
  const { protocol, username, password, hash } = new URL(text)
  return (protocol === 'https:' || isOwn(text)) && username + password + hash === ''
}

const httpsUrl = 'https://…, without a user or a # in it'
const textOf = (at: string, found: string, expected: string): Fault => ({ at: [at], expected, found })

/** Whether an answer of this name is there: `token`, or one of the calls before. */
const isOfAnswers = (path: string, answers: readonly string[]) =>
  /^[^.{}]+(\.[^.{}]+)+$/.test(path) && answers.includes(path.split('.')[0] ?? '')

/** A public client of OpenID Connect has no secret. */
const needsSecret = ({ kind, quirks: { secretForm, tokenQuery } }: ProviderRow) =>
  secretForm === 'apple' || (kind === 'oauth2' && tokenQuery.includes('{clientSecret}'))

const checkCredentials: Check = (row) => {
  const { clientId, clientSecret, quirks } = row
  if (clientId === '') return []
  const isSigned = quirks.secretForm === 'apple'
  const missing = (at: string[], what: string) => ({ at, expected: `${what}, since clientId is set` })
  return [
    clientSecret === '' && needsSecret(row) && missing(['clientSecret'], 'a secret'),
    isSigned && quirks.teamId === '' && missing(['quirks', 'teamId'], 'the id of the team'),
    isSigned && quirks.keyId === '' && missing(['quirks', 'keyId'], 'the id of the key'),
  ]
}

const checkOidc: Check = ({ issuer }, isOwn) => [!isUrl(issuer, isOwn) && textOf('issuer', issuer, httpsUrl)]

const checkTemplates: Check = ({ quirks }) =>
  (['authorizeQuery', 'tokenQuery'] as const).map((name) => {
    const unknown = namesIn(quirks[name]).find((value) => !values[name].includes(value))
    const at = ['quirks', name]
    if (unknown !== undefined)
      return { at, expected: `one of ${values[name].join(', ')} in braces`, found: unknown }
    const needed = name === 'authorizeQuery' ? '{state}' : '{code}'
    return !quirks[name].includes(needed) && { at, expected: `${needed} in it`, found: quirks[name] }
  })

const checkCalls: Check = ({ calls }, isOwn) =>
  calls.flatMap(({ name, url, header }, at) => {
    const known = ['token', ...calls.slice(0, at).map((call) => call.name)]
    const unknown = namesIn(url + header).find(
      (value) => !values.call.includes(value) && !isOfAnswers(value, known),
    )
    const place = (member: string) => ['calls', String(at), member]
    return [
      (!/^[a-z]+$/i.test(name) || known.includes(name)) && {
        at: place('name'),
        expected: 'a name of letters that no call before it has',
        found: name,
      },
      !isUrl(url, isOwn) && { at: place('url'), expected: httpsUrl, found: url },
      header !== '' &&
        !/^[a-z0-9-]+: .+$/i.test(header) && { at: place('header'), expected: 'name: value', found: header },
      unknown !== undefined && {
        at: place('url'),
        expected: `${values.call.join(', ')} or a member of ${known.join(', ')} in braces`,
        found: unknown,
      },
    ]
  })

const checkFields: Check = ({ calls, fields, quirks }) => {
  const answers = ['token', ...calls.map(({ name }) => name)]
  const expected = `a member of ${answers.join(', ')}, as ${answers.at(-1)}.id`
  const paths: [at: string[], path: string][] = [
    [['fields', 'subject'], fields.subject || 'nothing'],
    [['quirks', 'accessToken'], quirks.accessToken],
    ...Object.entries(fields).map(([name, path]): [string[], string] => [['fields', name], path]),
  ]
  return paths.map(
    ([at, path]) => path !== '' && !isOfAnswers(path, answers) && { at, expected, found: path },
  )
}

const checkOauth2: Check = (row, isOwn) => [
  !isUrl(row.authorizeUrl, isOwn) && textOf('authorizeUrl', row.authorizeUrl, httpsUrl),
  !isUrl(row.tokenUrl, isOwn) && textOf('tokenUrl', row.tokenUrl, httpsUrl),
  ...checkTemplates(row, isOwn),
  ...checkCalls(row, isOwn),
  ...checkFields(row, isOwn),
]

const checks: Record<ProviderRow['kind'], Check> = { oidc: checkOidc, oauth2: checkOauth2 }

/** Throws ConfigError, which names the row and the member. */
export const checkProviders = (config: Config): void => {
  const isOwn = (url: string) =>
    isTrial(config) && /^http:\/\/(localhost|127(\.\d+){3}|\[::1\])[:/]/.test(url)
  for (const [name, row] of Object.entries(config.providers)) {
    if (!/^[a-z][a-z0-9]{0,31}$/.test(name))
      throw new ConfigError(
        `providers.${showValue(name)}: expected a name of small letters and digits, at most 32`,
      )
    const faults = [
      ...checks[row.kind](row, isOwn),
      ...checkCredentials(row, isOwn),
      row.usersOf !== '' &&
        config.providers[row.usersOf]?.usersOf !== '' &&
        textOf('usersOf', row.usersOf, 'another row, which has users of its own'),
    ]
    const fault = faults.find((found) => found)
    if (!fault) continue
    const found = fault.found === undefined ? '' : `, found ${showValue(fault.found)}`
    const others = Object.keys(config.providers).filter((other) => other !== name && name.length > 3)
    const near = suggest(name, others)
    const advice = near ? `; did you mean providers.${near}?` : ''
    throw new ConfigError(
      `${nameSetting(['providers', name, ...fault.at])}: expected ${fault.expected}${found}${advice}`,
    )
  }
}
