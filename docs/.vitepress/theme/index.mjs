// @ts-check

import { useData, withBase } from 'vitepress'
import DefaultTheme from 'vitepress/theme'
import { h } from 'vue'
import './story.css'

/** The story of the demo, on the first page. It has the height of its own page. */
const Story = {
  setup() {
    const { page } = useData()
    /** @param {Event} event */
    const fit = ({ target }) => {
      const frame = /** @type {HTMLIFrameElement} */ (target)
      const story = frame.contentDocument?.querySelector('main')
      if (!story) return
      new ResizeObserver(() => {
        frame.style.height = `${String(story.offsetHeight)}px`
      }).observe(story)
    }
    return () =>
      page.value.relativePath === 'index.md'
        ? h('iframe', { class: 'story', src: withBase('/story.html'), title: 'What Sojourn is for', onLoad: fit })
        : null
  },
}

export default {
  extends: DefaultTheme,
  Layout: () => h(DefaultTheme.Layout, null, { 'doc-before': () => h(Story) }),
}
