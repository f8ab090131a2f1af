// The built script lies in <place>/dashboard/assets: so the page works under whatever path a proxy puts the server.
const dashboard = new URL(import.meta.url.replace(/\/assets\/[^/]*$/, '')).pathname

/** The path of the dashboard, without a trailing slash. */
export const DASHBOARD = dashboard

/** The path under which a proxy shows the server; mostly empty. */
export const SERVER = dashboard.replace(/\/dashboard$/, '')
