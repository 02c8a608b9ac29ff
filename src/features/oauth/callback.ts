/** The page to which a provider sends the browser back. It writes nothing but a one-time code for the app. */

import type { Logger } from '../../adapters/logger.ts'
import type { Providers } from '../../adapters/providers/driver.ts'
import type { PageReply, PageRequest } from '../../http/pages.ts'
import { Failure } from '../../protocol/errors.ts'
import type { Begun, Flows } from './flows.ts'
import { trimProfile } from './profile.ts'
import { callbackPath } from './start.ts'

export type CallbackNeeds = {
  flows: Flows
  providers: Providers
  publicUrl: string
  logger: Pick<Logger, 'info' | 'warn'>
}

/** What the app is told, in the words of RFC 6749. */
const errors = { PROVIDER_REFUSED: 'access_denied', PROVIDER_FAILED: 'temporarily_unavailable' } as const
const isTold = (name: string): name is keyof typeof errors => Object.hasOwn(errors, name)

const withQuery = (target: string, members: Record<string, string>): string => {
  const url = new URL(target)
  for (const [name, value] of Object.entries(members)) url.searchParams.set(name, value)
  return url.href
}

export const createCallback = ({ flows, providers, publicUrl, logger }: CallbackNeeds) => {
  const prove = async (flow: string, { provider, nonce, verifier }: Begun, callback: URLSearchParams) => {
    const found = providers.get(provider)
    if (!found) throw new Failure('PROVIDER_UNKNOWN')
    return found.driver.finish({
      callback,
      redirectUri: publicUrl + callbackPath + provider,
      state: flow,
      nonce,
      verifier,
    })
  }

  return async function render({ path, parameters }: PageRequest): Promise<PageReply> {
    const flow = parameters.get('state') ?? ''
    const begun = await flows.takeBegun(flow)
    // The provider is part of the address: an answer of another one is not taken for this one's (RFC 9207 section 2.4).
    if (!begun || begun.target === '' || path !== callbackPath + begun.provider) {
      throw new Failure('OAUTH_EXPIRED')
    }
    const { provider, appId, challenge, target } = begun
    try {
      const profile = await prove(flow, begun, new URLSearchParams([...parameters]))
      const code = await flows.hand({ provider, appId, challenge, profile: trimProfile(profile) })
      return { redirectTo: withQuery(target, { flow, code }) }
    } catch (error) {
      if (!(error instanceof Failure) || !isTold(error.entry.name)) throw error
      const { name } = error.entry
      const reason = error.cause instanceof Error ? error.cause.message : error.message
      logger[name === 'PROVIDER_FAILED' ? 'warn' : 'info'](
        { provider, reason },
        'a login by a provider ended',
      )
      return { redirectTo: withQuery(target, { flow, error: errors[name] }) }
    }
  }
}
