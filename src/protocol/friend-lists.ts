/** The lists of other users that a user has. */
export const listNames = ['following', 'fans', 'friends', 'mutual', 'blocked'] as const
export type ListName = (typeof listNames)[number]

/** Requests to be friends that wait: from others, or of the user's own. */
export const requestLists = ['received', 'sent'] as const
export type RequestList = (typeof requestLists)[number]
