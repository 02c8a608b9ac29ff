/** An app begins a login at a provider: by the browser, or by the provider's own SDK on a phone. */
import type { OpenProvider, Providers } from '../../adapters/providers/driver.ts'
import type { AppCaller } from '../../http/caller.ts'
import { Failure } from '../../protocol/errors.ts'
import { begunSeconds, type Flows } from './flows.ts'
import type { StartInput, StartReply } from './wire.ts'

export const callbackPath = '/oauth/callback/'

export type StartNeeds = {
  flows: Flows
  providers: Providers
  /** Without a slash at its end; empty: browsers cannot come back. */
  publicUrl: string
  /** Whether an app has listed a target, character by character. */
  hasRedirect(appId: string, target: string): Promise<boolean>
}

export const isFor = ({ provider }: OpenProvider, appId: string): boolean =>
  provider.apps.includes('*') || provider.apps.includes(appId)

/** Throws PROVIDER_UNKNOWN. */
export const getProvider = (providers: Providers, name: string, { app }: AppCaller): OpenProvider => {
  const found = providers.get(name)
  if (!found || !isFor(found, app.appId)) throw new Failure('PROVIDER_UNKNOWN')
  return found
}

export const createStart = ({ flows, providers, publicUrl, hasRedirect }: StartNeeds) => {
  const checkTarget = async (target: string, { app }: AppCaller) => {
    if (await hasRedirect(app.appId, target)) return
    const cause = new Error(`app ${app.appId} has not listed it: torii app set ${app.appId} --redirect URL`)
    throw new Failure('TARGET_REFUSED', { cause })
  }

  return async function start(input: StartInput, caller: AppCaller): Promise<StartReply> {
    const { provider, challenge, redirect } = input
    const { driver } = getProvider(providers, provider, caller)
    if (redirect !== undefined) await checkTarget(redirect, caller)
    const nonce = flows.drawSecret()
    const verifier = flows.drawSecret() + flows.drawSecret()
    const { appId } = caller.app
    const flow = await flows.begin({
      provider,
      appId,
      challenge,
      target: redirect ?? '',
      nonce,
      verifier,
    })
    const begun = { flow, expiresSeconds: begunSeconds }
    if (redirect === undefined) return { ...begun, nonce }
    if (publicUrl === '') {
      throw new Failure('PROVIDER_FAILED', { cause: new Error('server.publicUrl is empty') })
    }
    const url = await driver.authorizeUrl({
      redirectUri: publicUrl + callbackPath + provider,
      state: flow,
      nonce,
      challenge: flows.challengeOf(verifier),
    })
    return { ...begun, url }
  }
}
