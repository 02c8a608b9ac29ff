/** The rows of the published peer, each beside the same job of ours. */
import type { Stream } from './load.ts'
import type { PeerPopulation } from './peer.ts'
import { type PlainRequest, post } from './requests.ts'
import type { Row } from './rows.ts'
import { typists } from './rows-torii.ts'

/** Each request says another address, as a proxy would: the peer takes addresses from this header only. */
const peerHeaders = ({ origin }: PeerPopulation, index: number) => ({
  origin,
  'x-forwarded-for': `10.0.0.${1 + (index % 64)}`,
})

const peerSessions = (people: PeerPopulation, connections: number): Stream => {
  const requests: PlainRequest[] = people.users.map(({ cookie }, index) => ({
    method: 'GET',
    path: '/api/auth/get-session',
    headers: { ...peerHeaders(people, index), cookie },
    body: '',
  }))
  return { name: 'sessions', connections, source: { kind: 'plain', requests, expect: '"session":{' } }
}

const peerLogins = (people: PeerPopulation, connections: number): Stream => {
  const requests = people.users.map(({ email, password }, index) =>
    post('/api/auth/sign-in/email', { email, password }, peerHeaders(people, index)),
  )
  const source = { kind: 'plain', requests, expect: '"token":"' } as const
  return { name: 'logins', connections: Math.min(typists, connections), source }
}

export const peerRows: readonly Row<PeerPopulation>[] = [
  {
    name: 'peer-session',
    title: 'session check, cookie',
    streams: (people, n) => [peerSessions(people, n)],
    needs: ['session-json/redis'],
  },
  {
    name: 'peer-mixed',
    title: 'session check, cookie, while passwords are hashed',
    streams: (people, n) => [peerSessions(people, n), peerLogins(people, n)],
    needs: ['peer-session', 'session/redis', 'mixed/redis'],
  },
  {
    name: 'peer-password',
    title: 'sign-in, e-mail and password',
    streams: (people, n) => [peerLogins(people, n)],
    needs: ['password/redis'],
  },
]
