import type { Between } from '../../friends/api.ts'
import type { Person } from '../wire.ts'

/** What the viewer is to a user, as far as there is something to tell. */
export const showBetween = ({
  isFriend,
  isFollowing,
  isFan,
  isBlockedByMe,
  remark,
}: Between): Partial<Person> => ({
  ...(isFriend && { isFriend }),
  ...(isFollowing && { isFollowing }),
  ...(isFan && { isFan }),
  ...(isBlockedByMe && { isBlocked: isBlockedByMe }),
  ...(remark !== undefined && { remark }),
})
