/** The rows of Torii: each is measured on both pairs of engines. */
import type { Stream } from './load.ts'
import type { Population } from './population.ts'
import { type PlainRequest, post, postForm } from './requests.ts'
import type { Row } from './rows.ts'
import type { SealedCall } from './sources.ts'

/** So many wait for their password to be hashed; each hash keeps a core busy for a tenth of a second. */
export const typists = 8

const credentials = ({ app }: Population) => ({ appid: app.appId, appsecret: app.appSecret })

/** One call for each list of members, each from another device. */
const sealedCalls = (
  { devices }: Population,
  calls: readonly { members: SealedCall['members']; expect: string }[],
): SealedCall[] =>
  calls.map(({ members, expect }, index) => {
    const device = devices[index % devices.length]
    if (!device) throw new Error('no device')
    return { device, members, expect }
  })

/** Another text for each device, so that the plaintext has exactly `bytes` bytes. */
const echo = (people: Population, connections: number, bytes: number): Stream => {
  const empty = JSON.stringify({ apiver: 1, text: '' }).length
  const texts = people.devices.map(({ t }) => t.repeat(Math.ceil(bytes / t.length)).slice(0, bytes - empty))
  const calls = sealedCalls(
    people,
    texts.map((text) => ({ members: { text }, expect: text })),
  )
  return { name: 'echo', connections, source: { kind: 'sealed', path: '/v1/echo', code: 1_000_000, calls } }
}

const sessions = (people: Population, connections: number): Stream => {
  const calls = sealedCalls(
    people,
    people.users.map(({ skey, userName }) => ({ members: { token: skey }, expect: `"${userName}"` })),
  )
  const source = { kind: 'sealed', path: '/v1/session', code: 1_030_200, calls } as const
  return { name: 'sessions', connections, source }
}

const passwordLogins = (people: Population, connections: number): Stream => {
  const requests = people.typists.map(({ userName, password }) =>
    post('/v1/login', { ...credentials(people), login: userName, password }),
  )
  const source = { kind: 'plain', requests, expect: '"code":1020100,' } as const
  return { name: 'logins', connections: Math.min(typists, connections), source }
}

/** Of users with an e-mail address, by either of their names. */
const hashLogins = (people: Population, connections: number, way: 'userName' | 'address'): Stream => {
  const logins = people.mailUsers.map((user) => ({
    members: { login: user[way], clientHash: user.clientHash },
    expect: `"${user.userName}"`,
  }))
  const calls = sealedCalls(people, logins)
  const source = { kind: 'sealed-once', path: '/v1/login', code: 1_020_100, calls } as const
  return { name: 'logins', connections, source }
}

export const toriiRows: readonly Row<Population>[] = [
  { name: 'echo-300', title: 'echo, t/j, 300 B', streams: (people, n) => [echo(people, n, 300)] },
  { name: 'echo-4k', title: 'echo, t/j, 4 KB', streams: (people, n) => [echo(people, n, 4_096)] },
  { name: 'session', title: 'session check, t/j', streams: (people, n) => [sessions(people, n)] },
  {
    name: 'mixed',
    title: 'session check, t/j, while passwords are hashed',
    streams: (people, n) => [sessions(people, n), passwordLogins(people, n)],
    needs: ['session'],
    clients: 'typists',
  },
  {
    name: 'session-json',
    title: 'session check, JSON',
    streams: (people, connections) => {
      const bodies = people.users.map(({ skey }) => ({ ...credentials(people), token: skey }))
      const requests = bodies.map((body) => post('/v1/session', body))
      const source = { kind: 'plain', requests, expect: '"code":1030200,' } as const
      return [{ name: 'sessions', connections, source }]
    },
  },
  {
    name: 'verify',
    title: 'verification of one ticket, JSON',
    streams: (people, connections) => {
      const bodies = people.users.map(({ skey }) => ({ ...credentials(people), token: skey }))
      const requests = bodies.map((body) => post('/v1/ticket/verify', body))
      const source = { kind: 'plain', requests, expect: '"active":true,' } as const
      return [{ name: 'verifications', connections, source }]
    },
  },
  {
    name: 'verify-100',
    title: 'verification of 100 tickets, JSON',
    streams: (people, connections) => {
      const skeys = people.users.map(({ skey }) => skey)
      const tokens = Array.from({ length: 100 }, (_, at) => skeys[at % skeys.length])
      const requests = [post('/v1/ticket/verify', { ...credentials(people), tokens })]
      const source = { kind: 'plain', requests, expect: '"active":true,' } as const
      return [{ name: 'batches', connections, source }]
    },
  },
  {
    name: 'introspect',
    title: 'introspection (RFC 7662)',
    streams: (people, connections) => {
      const { appId, appSecret } = people.app
      const basic = Buffer.from(`${appId}:${appSecret}`).toString('base64')
      const headers = { authorization: `Basic ${basic}` }
      const bodies = people.users.map(({ skey }) => new URLSearchParams({ token: skey }).toString())
      const requests = bodies.map((body) => postForm('/oauth/introspect', body, headers))
      const source = { kind: 'plain', requests, expect: '"active":true,' } as const
      return [{ name: 'introspections', connections, source }]
    },
  },
  {
    name: 'exchange',
    title: 'exchange of an SKey for a pSKey, t/j',
    streams: (people, connections) => {
      const exchanges = people.users.map(({ skey }) => ({
        members: { token: skey, to: 'pskey', business: 'bench' },
        expect: '"pskey":"ps_',
      }))
      const calls = sealedCalls(people, exchanges)
      const source = { kind: 'sealed-once', path: '/v1/ticket/exchange', code: 1_000_000, calls } as const
      return [{ name: 'exchanges', connections, source }]
    },
    needs: ['session'],
  },
  {
    name: 'jwt',
    title: 'exchange of an SKey for a JWT, t/j',
    streams: (people, connections) => {
      const exchanges = people.users.map(({ skey }) => ({
        members: { token: skey, to: 'openkey', app: people.signedAppId },
        expect: '"openkey":"eyJ',
      }))
      const calls = sealedCalls(people, exchanges)
      const source = { kind: 'sealed-once', path: '/v1/ticket/exchange', code: 1_000_000, calls } as const
      return [{ name: 'JWTs', connections, source }]
    },
    needs: ['session'],
    clients: 'jwts',
  },
  {
    name: 'login',
    title: 'login by client hash, t/j',
    streams: (people, connections) => {
      const logins = people.users.map(({ userName, clientHash }) => ({
        members: { login: userName, clientHash },
        expect: `"${userName}"`,
      }))
      const calls = sealedCalls(people, logins)
      const source = { kind: 'sealed-once', path: '/v1/login', code: 1_020_100, calls } as const
      return [{ name: 'logins', connections, source }]
    },
  },
  {
    name: 'login-name',
    title: 'the same by name, of users with an address',
    streams: (people, n) => [hashLogins(people, n, 'userName')],
    clients: 'mails',
  },
  {
    name: 'login-mail',
    title: 'the same by e-mail address',
    streams: (people, n) => [hashLogins(people, n, 'address')],
    clients: 'mails',
  },
  {
    name: 'password',
    title: 'login by plain password, JSON',
    streams: (people, n) => [passwordLogins(people, n)],
    clients: 'typists',
  },
  {
    name: 'register',
    title: 'register, t/j',
    streams: ({ devices, saltKey }, connections) => {
      const prefix = `r${Date.now().toString(36)}x`
      const source = { kind: 'register', devices, saltKey: saltKey.toString('hex'), prefix } as const
      return [{ name: 'registrations', connections, source }]
    },
  },
  {
    name: 'code',
    title: 'code sent by mail, t/j',
    streams: ({ devices }, connections) => {
      const members = { purpose: 'login', address: 'bench{n}@example.com' }
      const [path, code, expect] = ['/v1/code/send', 1_000_000, '"flow":"login-']
      const source = { kind: 'numbered', path, code, devices, members, expect } as const
      return [{ name: 'codes', connections, source }]
    },
  },
  {
    name: 'provision',
    title: 'provisioning',
    streams: ({ app }, connections) => {
      const path = `/v1/totp?n=${app.appId}&s=${app.appSecret}`
      const requests: PlainRequest[] = [{ method: 'GET', path, headers: {}, body: '' }]
      const source = { kind: 'plain', requests, expect: '"code":1000000,' } as const
      return [{ name: 'devices', connections, source }]
    },
  },
  {
    name: 'key-exchange',
    title: 'key exchange, one of two calls, JSON',
    streams: (people, connections) => [
      { name: 'stages', connections, source: { kind: 'exchange', app: credentials(people) } },
    ],
  },
  {
    name: 'resume',
    title: 'hello that resumes, JSON',
    streams: (people, connections) => {
      const source = { kind: 'resume', app: credentials(people), keys: people.proofKeys } as const
      return [{ name: 'hellos', connections, source }]
    },
    clients: 'keys',
  },
  {
    name: 'sealed-session',
    title: 'session check, sealed',
    streams: ({ sealingKeys }, connections) => {
      const calls = sealingKeys.map(({ skey, ...key }) => ({ key, members: { token: skey } }))
      const source = { kind: 'sealed-under-key', path: '/v1/session', code: 1_030_200, calls } as const
      return [{ name: 'sessions', connections, source }]
    },
    clients: 'keys',
  },
]
