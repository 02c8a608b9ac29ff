declare module '../../adapters/db/tables.ts' {
  interface Tables {
    businesses: BusinessRow
  }
}

export type BusinessRow = {
  name: string
  idleSeconds: number
  /** JSON array of paths: what lies under one of them belongs to the business. Empty: no path is asked for. */
  routes: string
  /** JSON array of the apps that get its pSKeys. */
  apps: string
  createdAt: number
}
