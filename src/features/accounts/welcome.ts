import { plainName, plainVersion } from '../../protocol/plain-name.ts'
import type { BegunLogin, LoginTickets } from '../tickets/api.ts'
import type { LoginReply, WelcomeReply } from './wire.ts'

/** What register and login answer. */
export const welcome = (
  { userId, userName, nickName }: { userId: number; userName: string; nickName: string },
  tickets: LoginTickets,
): WelcomeReply => {
  const user = { userId: String(userId), userName, nickName }
  return { result: 'ok', status: 'loginok', params: { status: 'loginok' }, user, users: [user], tickets }
}

type Replaced = BegunLogin['replaced'][number]

const describeReplaced = ({ deviceType, os, osver, deviceName, givenName, authenticatedAt }: Replaced) => ({
  type: plainName(deviceType),
  os: plainName(os),
  device: givenName ?? plainName(deviceName),
  osver: plainVersion(osver),
  at: Math.floor(authenticatedAt / 1_000),
})

/** With the logins that gave way to this one, the newest first. */
export const withReplaced = (welcomed: WelcomeReply, replaced: readonly Replaced[]): LoginReply => {
  const logouts = [...replaced].reverse().map(describeReplaced)
  const [logout] = logouts
  if (logout === undefined) return welcomed
  return logouts.length === 1 ? { ...welcomed, logout } : { ...welcomed, logout, logouts }
}

/** The account was about to leave, and this login has taken it back. */
export const withRecovered = (welcomed: LoginReply, isBack: boolean): LoginReply =>
  isBack ? { ...welcomed, recovered: true } : welcomed
