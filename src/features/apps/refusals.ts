/** Why an app was refused, and what to do: for the log. The caller learns that id and secret do not go together. */
import { Failure } from '../../protocol/errors.ts'
import type { AppRow } from './tables.ts'

export const appRefused = (reason: string) => new Failure('APP_REFUSED', { cause: new Error(reason) })

/** It does not say which: the secret may be in the wrong member. */
export const unknownId = 'no app has this id: torii app list shows the ids'

export const wrongSecret = ({ appId }: AppRow) =>
  `wrong appsecret of app ${appId}: torii app rotate ${appId} makes another`

/** A call without a secret. */
export const notPublic = ({ appId, isPublic }: AppRow, origin: string | undefined) => {
  if (isPublic === 0)
    return `no appsecret of app ${appId}, which is not public: torii app set ${appId} --public`
  if (origin === undefined) return `no appsecret of app ${appId}, and no origin of a browser`
  const shown = origin.slice(0, 100)
  return `origin ${shown} is not listed for app ${appId}: torii app set ${appId} --origin ${shown}`
}
