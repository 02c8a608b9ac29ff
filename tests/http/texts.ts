/** Every text member of every operation, for tests that put something odd into each. */
import * as accounts from '../../src/features/accounts/wire.ts'
import * as apps from '../../src/features/apps/wire.ts'
import * as hello from '../../src/features/hello/wire.ts'
import * as keyExchange from '../../src/features/key-exchange/wire.ts'
import * as tickets from '../../src/features/tickets/wire.ts'
import type { OperationShape } from '../../src/http/caller.ts'
import { frame } from '../harness/key-client.ts'
import type { Members } from './world.ts'

type Schema = { type?: string | string[]; properties?: Record<string, Schema>; maxLength?: number }

const isShape = (value: unknown): value is OperationShape =>
  typeof value === 'object' && value !== null && 'path' in value && 'input' in value

export const shapes = [accounts, apps, hello, keyExchange, tickets].flatMap((wire) =>
  Object.values<unknown>(wire).filter(isShape),
)

export type TextMember = { path: string[]; maxLength: number | undefined }

/** Members judged by their reader have no type in the shape, so these are named here. */
const readerMembers: Record<string, string[]> = {
  '/v1/echo': ['anything'],
  '/v1/hello': [
    ...[
      'hello.stage',
      'hello.keyPrint',
      'hello.clientId',
      'hello.platform',
      'hello.version',
      'version',
      'tm',
    ],
    ...['keyPrint', 'msgType', 'hello.params.Lang', 'hello.params.CountryCode', 'hello.params.CodeType'],
    ...['hello.params.checkTokenData', 'hello.params.anything'],
  ],
  '/v1/key-exchange': [
    ...['version', 'tm', 'keyPrint', 'msgType', 'keyEx.keyPrint', 'keyEx.rsaPrint', 'keyEx.tempKey'],
    ...['keyEx.pubKey', 'keyEx.encType', 'keyEx.status', 'keyEx.nonce', 'keyEx.serverKeyIds'],
  ],
}

const textsOf = (schema: Schema, path: string[] = []): TextMember[] => {
  const types = [schema.type ?? []].flat()
  if (types.includes('object')) {
    return Object.entries(schema.properties ?? {}).flatMap(([name, inner]) => textsOf(inner, [...path, name]))
  }
  return types.length === 0 || types.includes('string') ? [{ path, maxLength: schema.maxLength }] : []
}

const commonMembers = ['appid', 'appsecret', 'token', 'rid', 'op', 'apiver']

export const textMembersOf = (shape: OperationShape): TextMember[] => {
  const named = [...(readerMembers[shape.path] ?? []), ...(shape.bare ? [] : commonMembers)]
  const found = textsOf(shape.input as Schema)
  const others = named.filter((name) => !found.some(({ path }) => path.join('.') === name))
  return [...found, ...others.map((name) => ({ path: name.split('.'), maxLength: undefined }))]
}

const tm = '1800000015000'

/** A normal call of each operation; `count` makes what must be new. */
export const normalCall = (path: string, count: number): Members => {
  const calls: Record<string, Members> = {
    '/v1/totp': {},
    '/v1/prelogin': { login: 'amber' },
    '/v1/register': { regmode: 'anonymous', user: { userName: `normal-${count}` }, password: 'quite right' },
    '/v1/login': { login: `normal-${count}`, password: 'x' },
    '/v1/ticket/exchange': { to: 'skey' },
    '/v1/hello': frame('hello', { stage: 'clienthello', keyPrint: '0', params: {} }, tm),
    '/v1/key-exchange': frame('keyEx', { stage: 1 }, tm),
  }
  return calls[path] ?? {}
}

/** The members with a text in one place. */
export const withText = (members: Members, [name = '', ...rest]: string[], text: string): Members => ({
  ...members,
  [name]: rest.length === 0 ? text : withText((members[name] ?? {}) as Members, rest, text),
})
