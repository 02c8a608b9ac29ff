/**
 * Calls to servers that others run, such as login providers. What they answer is a stranger's: each call is bounded in
 * time and size, follows no redirect, and reaches no private network. Not Node's own `fetch`, which looks a name up by
 * itself: the address that was checked must be the one that is dialled.
 */
import { lookup } from 'node:dns/promises'
import { type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { LookupFunction, TcpNetConnectOpts } from 'node:net'
import type { Config } from '../config/index.ts'
import { describeAddress, isPublicAddress, isWithin } from './network.ts'

export type OutgoingConfig = Config['outgoing']

export type OutgoingReply = { status: number; headers: Headers; text: string }
export type OutgoingCall = {
  method?: 'GET' | 'POST' | undefined
  headers?: Record<string, string> | undefined
  body?: string | undefined
}
/** Throws OutgoingError; any status but a redirect is a reply. */
export type OutgoingFetch = (url: string, call?: OutgoingCall) => Promise<OutgoingReply>

/** Each address of a host, as `dns.lookup` gives them. */
export type Resolve = (host: string) => Promise<{ address: string; family: number }[]>

export type OutgoingReason =
  | 'url refused'
  | 'address refused'
  | 'redirect refused'
  | 'too large'
  | 'timed out'
  | 'too many at once'
  | 'unreadable'
  | 'unreachable'

/** The message names the host and path, the setting if there is one, and no query: that may have a secret. */
export class OutgoingError extends Error {
  override readonly name = 'OutgoingError'
  readonly reason: OutgoingReason
  constructor(reason: OutgoingReason, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}

const mostHeaderBytes = 16 * 1_024
const isLoopback = ({ address }: { address: string }) => describeAddress(address)?.scope === 'loopback'

const placeOf = (url: URL) => `${url.origin}${url.pathname}`

const readUrl = (text: string): URL => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.username + url.password !== '')
    throw new OutgoingError('url refused', 'expected https://… without a user in it')
  return url
}

type Rules = { privateNetworks: readonly string[]; isTrial: boolean }

/** A trial calls this machine, without TLS too; else only what is public or in one of the configured networks. */
const checkAddresses = (url: URL, found: Awaited<ReturnType<Resolve>>, rules: Rules) => {
  const isOwn = rules.isTrial && found.every(isLoopback)
  if (url.protocol !== 'https:' && !isOwn)
    throw new OutgoingError('url refused', `${placeOf(url)}: expected https://`)
  const isAllowed = ({ address }: { address: string }) =>
    isOwn || isPublicAddress(address) || rules.privateNetworks.some((network) => isWithin(address, network))
  const refused = found.find((one) => !isAllowed(one))
  if (refused || found.length === 0) {
    const what = refused ? `${refused.address} is not a public address` : 'no address'
    throw new OutgoingError('address refused', `${placeOf(url)}: ${what} (outgoing.privateNetworks)`)
  }
}

const tooManyHeaders = (url: URL) =>
  new OutgoingError('too large', `${placeOf(url)}: answers more than ${mostHeaderBytes} bytes of headers`)

const readBody = async (place: string, response: IncomingMessage, mostBytes: number): Promise<string> => {
  const encoding = response.headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity')
    throw new OutgoingError('unreadable', `${place}: answers in the encoding ${JSON.stringify(encoding)}`)
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response) {
    bytes += chunk.length
    if (bytes > mostBytes)
      throw new OutgoingError('too large', `${place}: answers more than ${mostBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

const readHeaders = ({ rawHeaders }: IncomingMessage): Headers => {
  const headers = new Headers()
  for (let at = 0; at < rawHeaders.length; at += 2)
    headers.append(rawHeaders[at] ?? '', rawHeaders[at + 1] ?? '')
  return headers
}

const readReply = async (
  place: string,
  response: IncomingMessage,
  mostBytes: number,
): Promise<OutgoingReply> => {
  const { statusCode: status = 0 } = response
  if ([301, 302, 303, 307, 308].includes(status))
    throw new OutgoingError('redirect refused', `${place}: answers ${status} and names another place`)
  const text = await readBody(place, response, mostBytes)
  return { status, headers: readHeaders(response), text }
}

type Dial = {
  url: URL
  call: OutgoingCall
  signal: AbortSignal
  addresses: Awaited<ReturnType<Resolve>>
  attemptMs: number
  mostBytes: number
}

/** `onConnect` is called when the connection, with TLS, is there. */
const dial = ({ url, call, signal, addresses, attemptMs, mostBytes }: Dial, onConnect: () => void) =>
  new Promise<OutgoingReply>((resolve, reject) => {
    // Gives the addresses that were checked, however often the socket asks.
    const giveChecked: LookupFunction = (_host, { all }, done) => {
      const [{ address, family } = { address: '', family: 4 }] = addresses
      if (all) done(null, addresses)
      else done(null, address, family)
    }
    const options: RequestOptions & Pick<TcpNetConnectOpts, 'autoSelectFamilyAttemptTimeout'> = {
      method: call.method ?? 'GET',
      headers: { 'accept-encoding': 'identity', 'user-agent': 'torii', ...call.headers },
      // A connection of its own, which was checked for this call.
      agent: false,
      maxHeaderSize: mostHeaderBytes,
      lookup: giveChecked,
      // Node's 250 ms are less than a connection across the world takes.
      autoSelectFamilyAttemptTimeout: attemptMs,
      signal,
    }
    const isTls = url.protocol === 'https:'
    const request = (isTls ? requestHttps : requestHttp)(url, options)
    request.on('socket', (socket) => socket.once(isTls ? 'secureConnect' : 'connect', onConnect))
    request.on('error', reject)
    // Replies before the reply (RFC 9110 section 15.2) have no end of their own.
    request.on('information', () => {
      if ((request.socket?.bytesRead ?? 0) > mostHeaderBytes) request.destroy(tooManyHeaders(url))
    })
    request.on('response', (response) => {
      readReply(placeOf(url), response, mostBytes)
        .then(resolve, reject)
        .finally(() => request.destroy())
    })
    request.end(call.body)
  })

/** What went wrong, as one of our reasons. */
const explain = (url: URL, error: unknown, signal: AbortSignal): OutgoingError => {
  if (error instanceof OutgoingError) return error
  if (signal.aborted) return signal.reason
  const { code, message } = error as NodeJS.ErrnoException
  const isLarge = code === 'HPE_HEADER_OVERFLOW'
  const what = isLarge ? `answers more than ${mostHeaderBytes} bytes of headers` : code || message
  return new OutgoingError(isLarge ? 'too large' : 'unreachable', `${placeOf(url)}: ${what}`, {
    cause: error,
  })
}

/** One look-up a host at a time: a name server that is away would else hold every thread of the process. */
const shareLookups = (resolve: Resolve): Resolve => {
  const running = new Map<string, ReturnType<Resolve>>()
  return (host) => {
    const known = running.get(host)
    if (known) return known
    const found = resolve(host).finally(() => running.delete(host))
    running.set(host, found)
    return found
  }
}

const resolveBySystem: Resolve = (host) => lookup(host, { all: true })

const abortion = (signal: AbortSignal) =>
  new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })

/** Where calls of one purpose differ from those to login providers. */
export type OutgoingBounds = {
  mostBytes: number
  timeoutMs: number
  timeoutSetting: string
  atOncePerHost: number
}

type Needs = { config: OutgoingConfig; isTrial: boolean; bounds?: OutgoingBounds; resolve?: Resolve }

const boundsOf = ({ timeoutMs, atOncePerHost }: OutgoingConfig): OutgoingBounds => ({
  mostBytes: 256 * 1_024,
  timeoutMs,
  timeoutSetting: 'outgoing.timeoutMs',
  atOncePerHost,
})

export const createOutgoingFetch = (needs: Needs): OutgoingFetch => {
  const { config, isTrial, bounds = boundsOf(config), resolve = resolveBySystem } = needs
  const { privateNetworks, connectTimeoutMs } = config
  const { mostBytes, timeoutMs, timeoutSetting, atOncePerHost } = bounds
  const running = new Map<string, number>()
  const lookUp = shareLookups(resolve)

  const callWithin = async (url: URL, call: OutgoingCall) => {
    const controller = new AbortController()
    const { signal } = controller
    const end = (ms: number, setting: string) =>
      setTimeout(() => {
        const message = `${placeOf(url)}: no answer within ${ms} ms (${setting})`
        controller.abort(new OutgoingError('timed out', message))
      }, ms)
    const timers = [
      end(timeoutMs, timeoutSetting),
      end(connectTimeoutMs, 'outgoing.connectTimeoutMs'),
    ] as const
    try {
      const host = url.hostname.replace(/^\[|\]$/g, '')
      const addresses = await Promise.race([lookUp(host), abortion(signal)])
      checkAddresses(url, addresses, { privateNetworks, isTrial })
      const attemptMs = Math.max(250, Math.floor(connectTimeoutMs / addresses.length))
      const dialled = { url, call, signal, addresses, attemptMs, mostBytes }
      return await dial(dialled, () => clearTimeout(timers[1]))
    } catch (error) {
      throw explain(url, error, signal)
    } finally {
      for (const timer of timers) clearTimeout(timer)
    }
  }

  return async function fetchOutgoing(text, call = {}) {
    const url = readUrl(text)
    const count = running.get(url.host) ?? 0
    if (count >= atOncePerHost) {
      const message = `${placeOf(url)}: ${count} calls are under way (outgoing.atOncePerHost)`
      throw new OutgoingError('too many at once', message)
    }
    running.set(url.host, count + 1)
    try {
      return await callWithin(url, call)
    } finally {
      const left = (running.get(url.host) ?? 1) - 1
      if (left > 0) running.set(url.host, left)
      else running.delete(url.host)
    }
  }
}
