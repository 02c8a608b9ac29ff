/** Which backend calls an endpoint: HTTP Basic, or members of the form (RFC 6749 section 2.3.1). */
import type { CallerApp } from '../../http/caller.ts'
import type { EndpointRequest } from '../../http/endpoints.ts'
import { fromBase64, readUtf8 } from '../../protocol/bytes.ts'
import { Failure } from '../../protocol/errors.ts'
import type { Apps } from '../apps/api.ts'

export type Credentials = { appId: string; appSecret: string }

const mostHeader = 1_024

/** RFC 6749 encodes both halves as in a form before they are joined. */
const decode = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}

export const readBasic = (header: string | undefined): Credentials | undefined => {
  if (header === undefined || header.length > mostHeader) return undefined
  const encoded = /^Basic +([A-Za-z0-9+/]+={0,2})$/i.exec(header)?.[1]
  const text = encoded === undefined ? undefined : readUtf8(fromBase64(encoded) ?? new Uint8Array())
  const colon = text?.indexOf(':') ?? -1
  if (text === undefined || colon < 0) return undefined
  const [appId, appSecret] = [decode(text.slice(0, colon)), decode(text.slice(colon + 1))]
  return appId === undefined || appSecret === undefined ? undefined : { appId, appSecret }
}

/** The app with this id and secret. Throws APP_REFUSED, APP_DISABLED or ENCRYPTION_REQUIRED. */
export const authenticateApp = async (
  apps: Pick<Apps, 'check'>,
  given: Credentials | undefined,
  { caller }: EndpointRequest,
): Promise<CallerApp> => {
  if (!given) throw new Failure('APP_REFUSED')
  const app = await apps.check(given.appId, given.appSecret, undefined)
  caller.app = app
  if (app.minStrength > caller.strength) throw new Failure('ENCRYPTION_REQUIRED')
  return app
}
