/** What a user sees of a profile: all of their own, of another one what the audience of each member allows. */
import type { Audience } from '../../../protocol/profile-schema.ts'
import { type Person, type ShownMember, shownMembers } from '../wire.ts'
import { ageOf } from './birthday.ts'
import type { PersonRow } from './repo.ts'

/** Where the user has chosen none. */
const usualAudience: Record<ShownMember, Audience> = {
  gender: 'everyone',
  birthday: 'nobody',
  age: 'friends',
  region: 'everyone',
  introduction: 'everyone',
  language: 'nobody',
}

const audienceOf = (row: PersonRow, member: ShownMember): Audience =>
  row[`${member}For`] ?? usualAudience[member]

export const maySee = (audience: Audience, isFriend: boolean): boolean =>
  audience === 'everyone' || (audience === 'friends' && isFriend)

const memberOf = (row: PersonRow, member: ShownMember, today: string): string | number | null => {
  const { birthday } = row
  if (member === 'age') return birthday === null ? null : ageOf(birthday, today)
  // A year alone is what an age was made of.
  if (member === 'birthday') return birthday !== null && birthday.length === 10 ? birthday : null
  return row[member]
}

const namesOf = ({ userId, userName, nickName, icon }: PersonRow) => ({
  userId: String(userId),
  userName,
  nickName,
  ...(icon !== null && { icon }),
})

const membersOf = (row: PersonRow, members: readonly ShownMember[], today: string): Partial<Person> =>
  Object.fromEntries(
    members
      .map((member) => [member, memberOf(row, member, today)] as const)
      .filter(([, value]) => value !== null),
  )

export const showTo = (row: PersonRow, isFriend: boolean, today: string): Person => ({
  ...namesOf(row),
  ...membersOf(
    row,
    shownMembers.filter((member) => maySee(audienceOf(row, member), isFriend)),
    today,
  ),
})

export const showOwn = (row: PersonRow, today: string): Person => ({
  ...namesOf(row),
  ...membersOf(row, shownMembers, today),
  privacy: Object.fromEntries(shownMembers.map((member) => [member, audienceOf(row, member)])),
  findBy: {
    email: row.findByEmail === 1,
    phone: row.findByPhone === 1,
    nickName: row.findByNickName !== 0,
  },
})
