/** What vitest.config.ts makes of a component. */
declare module '*.svelte' {
  import type { Component } from 'svelte'
  const component: Component<Record<string, unknown>>
  export default component
}
declare module '*.svelte?server' {
  export { default } from 'component.svelte'
}
