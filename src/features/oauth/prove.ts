/** What the app hands in at the end of a flow becomes a profile, once. */
import type { Providers } from '../../adapters/providers/driver.ts'
import type { AppCaller } from '../../http/caller.ts'
import { Failure } from '../../protocol/errors.ts'
import type { Begun, Flows, Proven } from './flows.ts'
import { trimProfile } from './profile.ts'
import { getProvider } from './start.ts'
import type { Handed } from './wire.ts'

export type ProveNeeds = {
  flows: Flows
  providers: Providers
  /** What a provider takes its time for must not keep other writes waiting. */
  withoutSlot<T>(work: () => Promise<T>): Promise<T>
}

const expired = () => new Failure('OAUTH_EXPIRED')

export const createProve = ({ flows, providers, withoutSlot }: ProveNeeds) => {
  const proveNative = async (flow: string, begun: Begun, handed: Handed, caller: AppCaller) => {
    const { provider, driver } = getProvider(providers, begun.provider, caller)
    const { idToken, providerCode } = handed
    const { nonce, verifier } = begun
    if (idToken !== undefined && driver.finishIdToken) return driver.finishIdToken({ idToken, nonce })
    if (providerCode !== undefined && provider.acceptsNativeCode) {
      const callback = new URLSearchParams({ code: providerCode, state: flow })
      return driver.finish({ callback, redirectUri: '', state: flow, nonce, verifier, isNative: true })
    }
    throw new Failure('PARAMETER_INVALID', { info: `${begun.provider} takes no such proof` })
  }

  /** Throws OAUTH_EXPIRED, PROVIDER_REFUSED or PROVIDER_FAILED. */
  return async function prove(handed: Handed, caller: AppCaller): Promise<Proven> {
    const { code, flow, verifier } = handed
    const { appId } = caller.app
    if (code !== undefined) {
      const proven = await flows.takeProven(code, appId, verifier)
      if (!proven) throw expired()
      getProvider(providers, proven.provider, caller)
      return proven
    }
    if (flow === undefined) throw new Failure('PARAMETER_MISSING', { info: 'code, or flow' })
    const begun = await flows.takeBegun(flow)
    // A flow of the browser ends on the page of its provider.
    if (begun?.target !== '' || !flows.isOf(begun, appId, verifier)) throw expired()
    const profile = trimProfile(await withoutSlot(() => proveNative(flow, begun, handed, caller)))
    const { provider, challenge } = begun
    return { provider, appId, challenge, profile }
  }
}

export type Prove = ReturnType<typeof createProve>
