/** What a role may let its users do to others by a ticket; the configuration says which role has which. */
export const roleRights = ['disableUsers', 'disableStaff'] as const
export type RoleRight = (typeof roleRights)[number]
