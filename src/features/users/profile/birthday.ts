/** A birthday, or the year alone of a user who has given an age. */

const earliest = '1900-01-01'

export const dayOf = (nowMs: number): string => new Date(nowMs).toISOString().slice(0, 10)

/** Whether there is such a day, from 1900 to today. */
export const isBirthday = (text: string, today: string): boolean =>
  text >= earliest && text <= today && dayOf(Date.parse(`${text}T00:00:00Z`) || 0) === text

/** `1990` from the age of a user who is that old this year. */
export const yearOf = (age: number, today: string): string => String(Number(today.slice(0, 4)) - age)

export const ageOf = (birthday: string, today: string): number => {
  const years = Number(today.slice(0, 4)) - Number(birthday.slice(0, 4))
  const hasComeThisYear = birthday.slice(4) === '' || birthday.slice(4) <= today.slice(4)
  return hasComeThisYear ? years : years - 1
}
