/** Who is signed in, for the pages that the router loads. */
export default defineEventHandler((event) => event.context.serverPage)
