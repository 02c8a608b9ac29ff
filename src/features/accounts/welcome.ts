import type { WelcomeReply } from './wire.ts'

/** What register and login answer. */
export const welcome = (
  { userId, userName, nickName }: { userId: number; userName: string; nickName: string },
  tickets: { a2?: string; skey?: string },
): WelcomeReply => {
  const user = { userId: String(userId), userName, nickName }
  return { result: 'ok', status: 'loginok', params: { status: 'loginok' }, user, users: [user], tickets }
}
