/** An app as the commands show it. */
import type { AppSummary } from '../../src/features/apps/api.ts'
import { isoTime } from './text.ts'

/** In the words of the wire. */
export const toData = ({
  appId,
  isPublic,
  isDisabled,
  isRotating,
  isThirdParty,
  createdAt,
  ...rest
}: AppSummary) => ({
  appid: appId,
  ...rest,
  public: isPublic,
  disabled: isDisabled,
  rotating: isRotating,
  thirdParty: isThirdParty,
  createdAt: new Date(createdAt).toISOString(),
})

const stateOf = ({ isDisabled, isRotating }: AppSummary) =>
  [isDisabled ? 'disabled' : 'enabled', ...(isRotating ? ['rotating'] : [])].join(', ')

export const fieldsOf = (app: AppSummary) => ({
  appid: app.appId,
  name: app.name,
  state: stateOf(app),
  public: app.isPublic ? 'yes' : 'no',
  'min envelope': String(app.minStrength),
  origins: app.origins.join(' ') || '-',
  redirects: app.redirects.join(' ') || '-',
  may: app.rights.join(' ') || '-',
  checks: app.checks?.join(' ') || '-',
  'jumps to': app.jumpsTo.join(' ') || '-',
  scopes: app.isThirdParty ? ['openid', ...app.scopes].join(' ') : '-',
  tickets: app.ticketFormat,
  friends: app.friends,
  'grants friends': app.friendDefaults.join(' ') || '-',
  'grants others': app.strangerDefaults.join(' ') || '-',
  profile: app.profileSchema.map(({ name }) => name).join(' ') || '-',
  created: isoTime(app.createdAt),
})
