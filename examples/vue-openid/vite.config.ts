import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'
import { developmentProvider } from './dev/provider.js'

export default defineConfig({
  plugins: [vue(), developmentProvider()],
})
